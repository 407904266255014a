import { describe, expect, it } from 'vitest';
import { Machine, ruleSchema } from '../../src/alerts/index.ts';
import { Clock } from '../../src/clock.ts';
import type { AlertTransition } from '../../src/types.ts';

function setUp() {
  const clock = new Clock();
  const transitions: (AlertTransition & { second: number })[] = [];
  const machine = new Machine({ rule: 'r', severity: 'critical', keepFiringFor: 10 }, clock, (t) =>
    transitions.push({ ...t, second: Number(clock.now / 1_000_000_000n) }),
  );
  const to = (second: number) => clock.advanceTo(BigInt(second) * 1_000_000_000n);
  const pulse = (second: number, value = 1) => {
    to(second);
    machine.pulse({ index: second, time: second * 1000, value, direction: 'up' });
  };
  return { clock, machine, transitions, to, pulse };
}

describe('Machine', () => {
  it('normal -> firing at a pulse, -> normal keepFiringFor seconds after it', () => {
    const { machine, transitions, to, pulse } = setUp();
    pulse(5, 4.5);
    expect(machine.state).toBe('firing');
    machine.at(12, 12_000);
    to(20);
    expect(machine.state).toBe('normal');
    const common = { rule: 'r', severity: 'critical', direction: 'up', value: 4.5 };
    expect(transitions).toEqual([
      { ...common, from: 'normal', to: 'firing', index: 5, time: 5000, second: 5 },
      { ...common, from: 'firing', to: 'normal', index: 12, time: 12_000, second: 15 },
    ]);
  });

  it('a pulse while firing is no transition and starts the wait again', () => {
    const { transitions, to, pulse } = setUp();
    pulse(0);
    pulse(8);
    to(30);
    expect(transitions.map((t) => [t.to, t.second])).toEqual([
      ['firing', 0],
      ['normal', 18],
    ]);
  });

  it('fires again after it was normal', () => {
    const { transitions, to, pulse } = setUp();
    pulse(0);
    to(10);
    pulse(11);
    expect(transitions.map((t) => t.to)).toEqual(['firing', 'normal', 'firing']);
  });

  it('reset: a firing rule is normal at once and its timer is gone; a normal one says nothing', () => {
    const { machine, transitions, to, pulse } = setUp();
    machine.reset();
    pulse(1);
    to(3);
    machine.reset();
    to(30);
    expect(transitions.map((t) => [t.to, t.second])).toEqual([
      ['firing', 1],
      ['normal', 3],
    ]);
  });
});

describe('ruleSchema', () => {
  const rule = { name: 'r', on: 'residual', detector: 'page-hinkley', keepFiringFor: 10 };

  it('fills in what may be left out', () => {
    expect(ruleSchema.parse(rule)).toEqual({ ...rule, standardise: null, options: {}, severity: 'warning' });
  });

  it.each([
    [{ on: 'output' }, 'on'],
    [{ on: 'input.' }, 'on'],
    [{ detector: 'oracle' }, 'detector'],
    [{ options: { threshold: -1 } }, 'detector'],
    [{ keepFiringFor: 0 }, 'keepFiringFor'],
    [{ standardise: { from: 1 } }, 'standardise'],
    [{ extra: 1 }, undefined],
  ])('refuses %j', (change, field) => {
    const result = ruleSchema.safeParse({ ...rule, ...change });
    expect(result.success).toBe(false);
    expect(result.error!.issues[0]!.path[0]).toBe(field);
  });
});

import { NEVER, type Observable, type OperatorFunction, of, Subject, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { Explainer } from '../../src/explainer.ts';
import { compileMapping } from '../../src/feeds/index.ts';
import type { LogRecord } from '../../src/recording/index.ts';
import { alert, detectDrift, explain, mapTicks, predict, record } from '../../src/stream/index.ts';
import type { Tick } from '../../src/types.ts';
import { smallModel } from '../engine/session.ts';
import { kernels } from '../kernels.ts';

const tickAt = (n: number): Tick => ({ key: '', time: n * 1000, seq: n, values: { x: n / 10, y: n * n } });
const recordOf = (n: number): LogRecord => ({
  topic: 'tick',
  stamp: BigInt(n),
  time: 0n,
  sequence: n,
  data: new Uint8Array(),
});
const bytes = (n: number) => new TextEncoder().encode(JSON.stringify({ t: n, x: n }));
const sink = () => ({
  taken: [] as LogRecord[],
  ended: 0,
  record(r: LogRecord) {
    this.taken.push(r);
  },
  async end() {
    this.ended++;
  },
});

/** Each operator, and values that it answers one for one (which `alert` does only with pulses apart). */
const operators: Record<
  string,
  { create: () => OperatorFunction<never, unknown>; value: (n: number) => unknown; offset: number }
> = {
  alert: {
    create: () => alert({ rule: 'r', severity: 'warning', keepFiringFor: 1e-9 }) as never,
    value: (n) => ({ index: n, time: n, value: n, direction: null }),
    offset: 0,
  },
  detectDrift: {
    create: () =>
      detectDrift({
        name: 'w',
        on: 'input.x',
        detector: 'page-hinkley',
        options: { min_instances: 1, threshold: 0.1 },
      }) as never,
    value: (n) => ({ value: 2 ** n, index: n, time: n }),
    offset: 1,
  },
  explain: {
    create: () => explain(new Explainer(kernels, smallModel(), { window: 3 })) as never,
    value: tickAt,
    offset: 1,
  },
  mapTicks: {
    create: () => mapTicks(compileMapping({ time: { path: 't', format: 'ms' }, features: { x: 'x' } })) as never,
    value: bytes,
    offset: 0,
  },
  predict: {
    create: () => predict(new Explainer(kernels, smallModel(), { method: 'none' })) as never,
    value: tickAt,
    offset: 1,
  },
  record: { create: () => record(sink()) as never, value: recordOf, offset: 0 },
};

/** What a source through an operator gives. */
function collect(source: Observable<unknown>, operator: OperatorFunction<never, unknown>) {
  const seen = { values: 0, error: null as unknown, completed: false };
  const subscription = (source as Observable<never>).pipe(operator).subscribe({
    next: () => seen.values++,
    error: (error) => {
      seen.error = error;
    },
    complete: () => {
      seen.completed = true;
    },
  });
  return { seen, subscription };
}

describe.each(Object.entries(operators))('%s', (name, { create, value, offset }) => {
  const settled = () => new Promise((done) => setTimeout(done, 5));

  it('happy: answers, and completes with its source', async () => {
    const { seen } = collect(of(value(0), value(1)), create());
    await settled();
    expect(seen).toEqual({ values: name === 'alert' ? 1 : 2 - offset, error: null, completed: true });
  });

  it('empty: completes without a value', async () => {
    const { seen } = collect(of(), create());
    await settled();
    expect(seen).toEqual({ values: 0, error: null, completed: true });
  });

  it('never: neither answers nor ends', async () => {
    const { seen, subscription } = collect(NEVER, create());
    await settled();
    expect(seen).toEqual({ values: 0, error: null, completed: false });
    subscription.unsubscribe();
  });

  it('error: passes it on', () => {
    const error = new Error('broken');
    expect(
      collect(
        throwError(() => error),
        create(),
      ).seen,
    ).toEqual({ values: 0, error, completed: false });
  });

  it('error in the middle: what came before was answered', () => {
    const source = new Subject<unknown>();
    const { seen } = collect(source, create());
    source.next(value(0));
    source.next(value(1));
    const error = new Error('broken');
    source.error(error);
    expect(seen).toMatchObject({ error, completed: false });
    expect(seen.values).toBeGreaterThan(0);
  });

  it('leaving early leaves the source', () => {
    const source = new Subject<unknown>();
    const { seen, subscription } = collect(source, create());
    source.next(value(0));
    source.next(value(1));
    const { values } = seen;
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
    source.next(value(2));
    expect(seen).toEqual({ values, error: null, completed: false });
  });
});

describe('in virtual time', () => {
  const scheduler = () => new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  const pulse = { index: 1, time: 2, value: 3, direction: 'up' as const };
  const common = { rule: 'r', severity: 'warning' as const, ...pulse };
  const values = {
    p: pulse,
    f: { ...common, from: 'normal' as const, to: 'firing' as const },
    n: { ...common, from: 'firing' as const, to: 'normal' as const },
  };
  const rule = { rule: 'r', severity: 'warning' as const, keepFiringFor: 0.005 };

  it.each([
    ['a pulse fires, and five ms later it is normal', '-p---------|', '-f----n----|'],
    ['a pulse while firing prolongs it', '-p--p----------|', '-f-------n-----|'],
    ['it fires again after it was normal', '-p------p--|', '-f----n-f--|'],
    ['completes while firing', '-p--|', '-f--|'],
    ['error while firing', '-p--#', '-f--#'],
    ['never', '-', '-'],
  ])('alert: %s', (_, source, expected) => {
    scheduler().run(({ cold, expectObservable }) => {
      expectObservable(cold(source, values).pipe(alert(rule))).toBe(expected, values);
    });
  });

  it('alert: leaving early cancels the timer', () => {
    scheduler().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-p--------', values);
      expectObservable(source.pipe(alert(rule)), '^---!').toBe('-f--', values);
      expectSubscriptions(source.subscriptions).toBe('^---!');
    });
  });
});

it('mapTicks tells why a message gives no tick', () => {
  const reasons: string[] = [];
  const mapping = compileMapping({ time: { path: 't', format: 'ms' }, features: { x: 'x' } });
  const { seen } = collect(
    of(bytes(1), new TextEncoder().encode('junk'), bytes(2)),
    mapTicks(mapping, (r) => reasons.push(r)) as never,
  );
  expect(seen.values).toBe(2);
  expect(reasons).toEqual(["invalid message: 'junk' (expected JSON in UTF-8)"]);
});

it('predict gives outputs to keep, equal to those of explain', () => {
  const kept: number[] = [];
  const own: Float32Array[] = [];
  const ticks = Array.from({ length: 10 }, (_, n) => tickAt(n));
  of(...ticks)
    .pipe(explain(new Explainer(kernels, smallModel())))
    .subscribe(({ prediction }) => kept.push(prediction));
  of(...ticks)
    .pipe(predict(new Explainer(kernels, smallModel(), { method: 'none' })))
    .subscribe(({ output }) => own.push(output));
  expect(own.map(([y]) => y)).toEqual(kept);
  expect(new Set(kept).size).toBe(9);
});

describe('record', () => {
  it('writes all, and completes only when the file is', async () => {
    const order: string[] = [];
    const taken: LogRecord[] = [];
    const recorder = {
      record: (each: LogRecord) => taken.push(each) as never,
      end: async () => {
        await new Promise((done) => setTimeout(done, 5));
        order.push('file complete');
      },
    };
    await new Promise<void>((done) => {
      of(recordOf(0), recordOf(1))
        .pipe(record(recorder))
        .subscribe({
          complete: () => {
            order.push('stream complete');
            done();
          },
        });
    });
    expect(taken).toEqual([recordOf(0), recordOf(1)]);
    expect(order[0]).toBe('file complete');
    expect(order[1]).toBe('stream complete');
  });

  it('ends the file after an error, and when everybody left', () => {
    const failing = sink();
    collect(
      throwError(() => new Error('broken')),
      record(failing) as never,
    );
    expect(failing.ended).toBeGreaterThan(0);
    const left = sink();
    collect(NEVER, record(left) as never).subscription.unsubscribe();
    expect(left.ended).toBeGreaterThan(0);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Clock } from '../src/clock.ts';

const SECOND = 1_000_000_000n;

describe('Clock', () => {
  it('stamps with the wall clock, and one nanosecond later when the wall clock stands or goes back', () => {
    const clock = new Clock();
    const stamps = [5n, 5n, 3n, 9n].map((wall) => {
      const stamp = clock.stamp(wall);
      clock.advanceTo(stamp);
      return stamp;
    });
    expect(stamps).toEqual([5n, 6n, 7n, 9n]);
  });

  it('fires what is due at or before the stamp, with now at the due time', () => {
    const clock = new Clock();
    const fired: [string, bigint][] = [];
    clock.after(2, () => fired.push(['two', clock.now]));
    clock.after(1, () => fired.push(['one', clock.now]));
    clock.after(3, () => fired.push(['three', clock.now]));
    clock.advanceTo(2n * SECOND);
    expect(fired).toEqual([
      ['one', SECOND],
      ['two', 2n * SECOND],
    ]);
    expect(clock.now).toBe(2n * SECOND);
    expect(clock.nextDue).toBe(3n * SECOND);
  });

  it('fires timers of one due time in the order of their creation', () => {
    const clock = new Clock();
    const fired: number[] = [];
    for (const n of [1, 2, 3]) clock.after(1, () => fired.push(n));
    clock.advanceTo(SECOND);
    expect(fired).toEqual([1, 2, 3]);
  });

  it('fires timers made by timers on the same way, if due', () => {
    const clock = new Clock();
    const fired: bigint[] = [];
    const again = () => {
      fired.push(clock.now);
      clock.after(1, again);
    };
    clock.after(1, again);
    clock.advanceTo(3n * SECOND);
    expect(fired).toEqual([SECOND, 2n * SECOND, 3n * SECOND]);
  });

  it('does not fire what was cancelled, also by an earlier timer', () => {
    const clock = new Clock();
    const fired: string[] = [];
    const cancel = clock.after(2, () => fired.push('cancelled'));
    clock.after(1, () => {
      fired.push('cancels');
      cancel();
    });
    clock.advanceTo(5n * SECOND);
    expect(fired).toEqual(['cancels']);
    cancel();
  });

  it('takes no stamp of the past', () => {
    const clock = new Clock(10n);
    clock.advanceTo(4n);
    expect(clock.now).toBe(10n);
  });

  it('fires the same, in the same order, however the way is cut into steps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }),
        (delays, stops) => {
          const run = (stamps: number[]) => {
            const clock = new Clock();
            const fired: [number, bigint][] = [];
            delays.forEach((delay, i) => {
              clock.after(delay, () => fired.push([i, clock.now]));
            });
            for (const stamp of stamps) clock.advanceTo(BigInt(stamp) * SECOND);
            return fired;
          };
          expect(run([...stops].sort((a, b) => a - b).concat(60))).toEqual(run([60]));
        },
      ),
    );
  });
});

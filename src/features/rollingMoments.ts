import type { Saved } from '../saved.ts';
import { Recent } from './recent.ts';
import { type Transform, ticksOf } from './transform.ts';

interface Moments {
  mean: number;
  deviation: number;
}

/** Mean and sum of squares slide along (Welford 1962), and are told anew every n ticks, so that rounding does not add up. */
export function moments(name: string, summary: string, read: (moments: Moments, x: number) => number): Transform {
  return {
    name,
    summary,
    constants: ['ticks'],
    create(_, [ticks]) {
      const n = ticksOf(`${name} ticks`, ticks);
      const recent = new Recent(n);
      let [mean, squares] = [0, 0];
      const anew = (): void => {
        mean = 0;
        for (const value of recent.values) mean += value / n;
        squares = 0;
        for (const value of recent.values) squares += (value - mean) * (value - mean);
      };
      return {
        push(x) {
          const left = recent.push(x);
          if (!recent.full) return null;
          if (recent.count % n === 0) anew();
          else {
            const before = mean;
            mean += (x - left) / n;
            squares = Math.max(0, squares + (x - left) * (x - mean + left - before));
          }
          return read({ mean, deviation: Math.sqrt(squares / n) }, x);
        },
        reset() {
          recent.reset();
        },
        save: () => ({ recent: recent.save(), mean, squares }),
        load(saved) {
          const state = saved as { recent: Saved; mean: number; squares: number };
          recent.load(state.recent);
          ({ mean, squares } = state);
        },
      };
    },
  };
}

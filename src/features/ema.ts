import { type Transform, ticksOf } from './transform.ts';

/** Exponential moving average of span n: weight 2 / (n + 1) on the newest value. Begins with the first one. */
export const ema: Transform = {
  name: 'ema',
  summary: 'exponential moving average, weight 2 / (span + 1) on the newest value',
  constants: ['span'],
  create(_, [span]) {
    const weight = 2 / (ticksOf('ema span', span) + 1);
    let mean: number | null = null;
    return {
      push(x) {
        mean = mean === null ? x : mean + weight * (x - mean);
        return mean;
      },
      reset() {
        mean = null;
      },
      save: () => mean,
      load(saved) {
        mean = saved as number | null;
      },
    };
  },
};

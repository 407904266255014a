import type { Transform } from './transform.ts';

/** x over the x before it. No value on the first tick, nor where the x before is 0. */
export const ratio: Transform = {
  name: 'ratio',
  summary: 'x over its value one tick before',
  create() {
    let previous: number | null = null;
    return {
      push(x) {
        const before = previous;
        previous = x;
        return before === null ? null : x / before;
      },
      reset() {
        previous = null;
      },
      save: () => previous,
      load(saved) {
        previous = saved as number | null;
      },
    };
  },
};

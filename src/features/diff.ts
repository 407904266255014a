import type { Transform } from './transform.ts';

/** x minus the x before it. No value on the first tick. */
export const diff: Transform = {
  name: 'diff',
  summary: 'x minus its value one tick before',
  create() {
    let previous: number | null = null;
    return {
      push(x) {
        const before = previous;
        previous = x;
        return before === null ? null : x - before;
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

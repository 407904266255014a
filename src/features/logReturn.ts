import type { Transform } from './transform.ts';

/**
 * log(x / the x before it): the continuously compounded return of a price. No value on the first tick, nor where the
 * ratio is zero, negative or infinite. The x before is the last finite one, whether or not its own return had a value.
 */
export const logReturn: Transform = {
  name: 'logReturn',
  summary: 'log(x / its value one tick before)',
  create(maths) {
    let previous: number | null = null;
    return {
      push(x) {
        const before = previous;
        previous = x;
        return before === null ? null : maths.log(x / before);
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

import { Recent } from './recent.ts';
import { type Transform, ticksOf } from './transform.ts';

/** x n ticks before. No value on the first n ticks. */
export const lag: Transform = {
  name: 'lag',
  summary: 'x as it was so many ticks before',
  constants: ['ticks'],
  create(_, [ticks]) {
    const recent = new Recent(ticksOf('lag ticks', ticks));
    return {
      push(x) {
        const left = recent.push(x);
        return Number.isNaN(left) ? null : left;
      },
      reset: () => recent.reset(),
      save: () => recent.save(),
      load: (saved) => recent.load(saved),
    };
  },
};

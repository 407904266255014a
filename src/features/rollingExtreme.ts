import { type Transform, ticksOf } from './transform.ts';

/**
 * A queue of the values that can still be the extreme one: a value that comes drives out all that it beats, so that each is
 * put in and taken out once (Lemire 2006).
 * @param beats whether a value makes an earlier one needless
 */
export function extreme(name: string, summary: string, beats: (a: number, b: number) => boolean): Transform {
  return {
    name,
    summary,
    constants: ['ticks'],
    create(_, [ticks]) {
      const n = ticksOf(`${name} ticks`, ticks);
      const values = new Float64Array(n);
      const when = new Float64Array(n);
      let [head, size, t] = [0, 0, 0];
      const place = (i: number): number => (head + i) % n;
      return {
        push(x) {
          if (size > 0 && when[head]! <= t - n) {
            head = place(1);
            size--;
          }
          while (size > 0 && beats(x, values[place(size - 1)]!)) size--;
          values[place(size)] = x;
          when[place(size)] = t;
          size++;
          t++;
          return t < n ? null : values[head]!;
        },
        reset() {
          [head, size, t] = [0, 0, 0];
        },
        save: () => ({ head, size, t, values: values.slice(), when: when.slice() }),
        load(saved) {
          const state = saved as Record<'head' | 'size' | 't', number> & Record<'values' | 'when', Float64Array>;
          ({ head, size, t } = state);
          values.set(state.values);
          when.set(state.when);
        },
      };
    },
  };
}

/** Keys one after another among all ticks, each cut into parts by time. */

export type Part = 'train' | 'validation' | 'test';

/** One key's ticks, in order. */
export interface Series {
  key: string;
  /** Its place among all ticks: from `from` to before `to`. */
  from: number;
  to: number;
  /** Where validation and test begin, among all ticks. */
  validation: number;
  test: number;
}

/** Last ticks at which something is said in a part: what is looked at began `before` ticks earlier in the same key. */
export function ticksOf(
  { series, targets }: { series: readonly Series[]; targets: Float64Array },
  part: Part,
  horizon: number,
  before = 0,
): number[] {
  return series.flatMap((one) => {
    const [first, end] = boundsOf(one, part);
    const ticks: number[] = [];
    for (let t = Math.max(first, one.from + before); t + horizon < end; t++)
      if (Number.isFinite(targets[t])) ticks.push(t);
    return ticks;
  });
}

/** The ticks of a part, from the first to before the second. */
export function boundsOf({ from, validation, test, to }: Series, part: Part): [number, number] {
  if (part === 'train') return [from, validation];
  return part === 'validation' ? [validation, test] : [test, to];
}

/** Where validation and test begin among n ticks. 700 times .7 is a little less than 490 in binary, and 490 is meant. */
export function cutAt(n: number, [train, validation]: readonly [number, number, number]): [number, number] {
  return [Math.floor(n * train + 1e-9), Math.floor(n * (train + validation) + 1e-9)];
}

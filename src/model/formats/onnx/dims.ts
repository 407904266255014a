/** Sizes of axes, as far as a file fixes them: it may leave the batch and the ticks open. */

/** `times` times what is open: `N` the batch, `T` the ticks, both (`NT`) or nothing. */
export interface Dim {
  times: number;
  open: '' | 'N' | 'T' | 'NT';
}

/** A size that a file computes; null where the arithmetic goes beyond products. */
export type Size = Dim | null;

export const ONE: Dim = { times: 1, open: '' };

export function fixed(times: number): Dim {
  return { times, open: '' };
}

export function same(a: Size, b: Size): boolean {
  return a !== null && b !== null && a.times === b.times && a.open === b.open;
}

/** The number, or null where something is open. */
export function known(size: Size): number | null {
  return size !== null && size.open === '' ? size.times : null;
}

export function product(a: Size, b: Size): Size {
  if (a === null || b === null || (a.open !== '' && b.open !== '' && a.open === b.open)) return null;
  if (a.open.length + b.open.length > 2) return null;
  const open = [...a.open, ...b.open].sort().join('') as Dim['open'];
  return { times: a.times * b.times, open };
}

/** a / b where it is exact. */
export function quotient(a: Size, b: Size): Size {
  if (a === null || b === null || b.times === 0 || a.times % b.times !== 0) return null;
  if (![...b.open].every((letter) => a.open.includes(letter))) return null;
  const open = [...a.open].filter((letter) => !b.open.includes(letter)).join('') as Dim['open'];
  return { times: a.times / b.times, open };
}

/** As `2 N`, for people. */
export function showDim(size: Size): string {
  if (size === null) return '?';
  if (size.open === '') return String(size.times);
  return size.times === 1 ? size.open : `${size.times} ${size.open}`;
}

/** Shapes of what flows between layers, without the batch. */

/** The axis of time where its length is the window's: a value of this axis exists at every tick. */
export const TICKS = -1;

/** Axes, such as `[TICKS, 8]` for a sequence or `[64]` for a vector. */
export type Shape = readonly number[];

/** Values of one row: the product of the axes, that of time left out. */
export function rowWidth(shape: Shape): number {
  return shape.reduce((product, n) => (n === TICKS ? product : product * n), 1);
}

/** As `[ticks, 8]`, for people. */
export function showShape(shape: Shape): string {
  return `[${shape.map((n) => (n === TICKS ? 'ticks' : n)).join(', ')}]`;
}

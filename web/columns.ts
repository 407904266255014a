/** Whole ticks as columns about a zero line, aligned with a heat map's cells, with one standard error as a whisker. */
import { el } from './dom.ts';
import type { Snapshot } from './snapshot.ts';
import { Surface } from './surface.ts';
import type { View } from './view.ts';

export class Columns {
  readonly node = el('div', 'columns', { 'aria-hidden': 'true' });
  readonly #surface: Surface;

  constructor(view: View) {
    this.#surface = new Surface(this.node, () => view.refresh());
  }

  /** @param values K numbers as shown, oldest first @param shown how many of them, the newest @param most where columns end */
  draw(s: Snapshot, values: ArrayLike<number>, errors: ArrayLike<number> | null, shown: number, most: number): void {
    const { palette } = s;
    const surface = this.#surface;
    const context = surface.begin();
    const middle = surface.snap(surface.height / 2);
    const width = surface.width / shown;
    const K = values.length;
    const y = (value: number): number => middle - (most > 0 ? (value / most) * (middle - 4) : 0);
    context.fillStyle = palette.line2;
    context.fillRect(0, middle, surface.width, 1 / surface.ratio);
    for (let k = Math.max(0, K - shown); k < K; k++) {
      const value = values[k]!;
      const left = surface.snap((k - K + shown) * width);
      const right = surface.snap((k - K + shown + 1) * width) - 1;
      const centre = surface.snap((left + right) / 2);
      const error = errors ? errors[k]! : 0;
      const unsure = errors !== null && Math.abs(value) <= 2 * error;
      if (unsure) {
        context.fillStyle = palette.t3;
        context.fillRect(centre - 1, middle - 1, 2, 2);
      } else {
        context.fillStyle = value > 0 ? palette.pos : palette.neg;
        this.#column(context, left, right, middle, y(value));
      }
      if (!(error > 0)) continue;
      context.fillStyle = palette.t1;
      context.fillRect(centre, y(value + error), 1, Math.max(1, y(value - error) - y(value + error)));
    }
  }

  /** A column that lowers is striped. */
  #column(context: CanvasRenderingContext2D, left: number, right: number, zero: number, end: number): void {
    if (end <= zero) context.fillRect(left, end, right - left, zero - end);
    else for (let at = zero + 1; at < end; at += 4) context.fillRect(left, at, right - left, Math.min(3, end - at));
  }
}

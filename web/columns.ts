/** Whole ticks as columns about a zero line, under the cells of a heat map, with one standard error as a whisker. */
import { signed } from '../src/numbers.ts';
import { el, setText } from './dom.ts';
import { Heat, nameWidths, timeAxis } from './heat.ts';
import type { Snapshot } from './snapshot.ts';
import { FONT, Surface } from './surface.ts';
import type { View } from './view.ts';

export interface ColumnsOf {
  name: string;
  /** K numbers as shown, oldest first, and their standard errors. */
  values: ArrayLike<number>;
  errors: ArrayLike<number> | null;
  /** How the newest tick is called. */
  newest: string;
  /** What stands at the right. */
  sum: string;
}

const AXIS = 18;

export class Columns {
  /** The figure: to be named by who makes it. */
  readonly figure: HTMLElement;
  readonly #name = el('div', 'columns-name');
  readonly #widths = nameWidths();
  readonly #plot = el('div', 'columns');
  readonly #sum = el('div', 'columns-sum');
  readonly #surface: Surface;
  constructor(view: View, attributes: Record<string, string>, testid: string) {
    const names = el('div', 'heat-names', {}, this.#name, this.#widths.node);
    this.figure = el('figure', 'columns-box', { tabindex: '0', ...attributes }, names, this.#plot, this.#sum);
    this.#surface = new Surface(this.#plot, () => view.refresh());
    this.#surface.canvas.dataset.testid = testid;
  }

  draw(s: Snapshot, { name, values, errors, newest, sum }: ColumnsOf): void {
    this.#widths.write(s);
    setText(this.#name, name);
    setText(this.#sum, sum);
    const { palette } = s;
    const surface = this.#surface;
    const context = surface.begin();
    const K = values.length;
    const shown = Heat.shown(s);
    const width = surface.width / shown;
    const middle = surface.snap((surface.height - AXIS) / 2);
    let most = 0;
    for (let k = 0; k < K; k++) most = Math.max(most, Math.abs(values[k]!) + (errors ? errors[k]! : 0));
    const y = (value: number): number => middle - (most > 0 ? (value / most) * (middle - 3) : 0);
    context.fillStyle = palette.line2;
    context.fillRect(0, middle, surface.width, 1 / surface.ratio);
    for (let k = Math.max(0, K - shown); k < K; k++) {
      const value = values[k]!;
      const left = surface.snap((k - K + shown) * width);
      const right = surface.snap((k - K + shown + 1) * width) - (width >= 3 ? 1 : 0);
      const centre = Math.floor((left + right) / 2);
      const error = errors ? errors[k]! : 0;
      if (errors && Math.abs(value) <= 2 * error) {
        context.fillStyle = palette.t3;
        context.fillRect(centre - 1, middle - 1, 2, 2);
      } else {
        context.fillStyle = value > 0 ? palette.pos : palette.neg;
        column(context, left, right, middle, y(value));
      }
      if (!(error > 0)) continue;
      context.fillStyle = palette.t1;
      context.fillRect(centre, y(value + error), 1, Math.max(1, y(value - error) - y(value + error)));
    }
    this.#bounds(context, s, most, middle);
    timeAxis(context, s, 0, surface.width, shown, newest, surface.height - AXIS);
  }

  /** Where the plot ends, in figures. */
  #bounds(context: CanvasRenderingContext2D, { palette, target }: Snapshot, most: number, middle: number): void {
    if (!(most > 0)) return;
    context.font = `11px ${FONT}`;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.fillStyle = palette.t2;
    const decimals = Math.max(target.decimals, 2);
    context.fillText(signed(most, decimals), 0, 6);
    context.fillText(signed(-most, decimals), 0, 2 * middle - 6);
  }
}

/** A column that lowers is striped. */
function column(context: CanvasRenderingContext2D, left: number, right: number, zero: number, end: number): void {
  if (end <= zero) context.fillRect(left, end, right - left, zero - end);
  else for (let at = zero + 1; at < end; at += 4) context.fillRect(left, at, right - left, Math.min(3, end - at));
}

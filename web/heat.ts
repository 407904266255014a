/** A heat map: rows of K past ticks, oldest at the left, with names at the left, sums at the right and the time below. */
import { signed } from '../src/numbers.ts';
import { el, onChange, setText } from './dom.ts';
import { capital } from './format.ts';
import type { Diverging } from './scale.ts';
import type { Snapshot } from './snapshot.ts';
import { FONT, hatch, Surface } from './surface.ts';
import type { View } from './view.ts';

export interface HeatRow {
  name: string;
  /** K numbers as they are shown, in the target's unit. */
  values: ArrayLike<number>;
  /** Their standard errors, where there are any: a number within two of them is marked by a dot. */
  errors?: ArrayLike<number>;
  /** What stands at the right, and its sign's tone. */
  sum: string;
  tone: '' | 'tone-raises' | 'tone-lowers';
}

export interface HeatTable {
  rows: HeatRow[];
  /** Whether the first row stands apart from the others. */
  apart: boolean;
  /** How the newest tick is called. */
  newest: string;
  /** What the column at the right is called. */
  right: string;
  /** Where colours end. */
  most: number;
  /** Rows that are not known yet from this one on. */
  unknownFrom?: number;
  scale?: Diverging;
}

/** A cell that lowers carries its minus from this share of the scale on. */
const MARKED = 0.05;
/** Past ticks that a narrow page shows. */
export const MOST_NARROW = 24;

export class Heat {
  /** The figure: to be named by who makes it. */
  readonly figure: HTMLElement;
  readonly axis = el('div', 'heat-axis');
  readonly #names = el('div', 'heat-names');
  readonly #widths = nameWidths();
  readonly #cells = el('div', 'heat-cells');
  readonly #sums = el('div', 'heat-sums');
  readonly #surface: Surface;
  readonly #axisSurface: Surface;

  constructor(view: View, attributes: Record<string, string>, testid: string) {
    this.figure = el('figure', 'heat', { tabindex: '0', ...attributes }, this.#names, this.#cells, this.#sums);
    this.#surface = new Surface(this.#cells, () => view.refresh());
    this.#surface.canvas.dataset.testid = testid;
    this.#axisSurface = new Surface(this.axis, () => view.refresh());
  }

  /** How many of K ticks are shown. */
  static shown(s: Snapshot): number {
    const { window: K } = s.series;
    return s.geometry.narrow ? Math.min(MOST_NARROW, K) : K;
  }

  draw(s: Snapshot, table: HeatTable): void {
    const shown = Heat.shown(s);
    this.#widths.write(s);
    this.#arrange(table);
    this.#paint(s, table, shown);
    this.#paintAxis(s, table, shown);
  }

  /** Names and sums, as text. */
  write({ rows }: HeatTable): void {
    rows.forEach(({ name, sum, tone }, r) => {
      const node = this.#sums.children[r] as HTMLElement | undefined;
      if (!node) return;
      setText(node, sum);
      node.className = tone;
      setText(this.#names.children[r]!, name);
    });
  }

  #arrange({ rows, apart }: HeatTable): void {
    if (this.#sums.childElementCount === rows.length) return;
    for (const parent of [this.#names, this.#sums]) parent.replaceChildren(...rows.map(() => el('div')));
    this.#names.append(this.#widths.node);
    const n = rows.length - (apart ? 1 : 0);
    const height = n > 12 ? 16 : n > 6 ? 20 : n > 4 ? 22 : innerHeight >= 1000 ? 38 : 30;
    this.figure.classList.toggle('apart', apart);
    this.figure.style.setProperty('--row', `${height}px`);
    this.#cells.style.height = `${rows.length * height + (apart ? 4 : 0)}px`;
  }

  #paint(s: Snapshot, { rows, apart, most, unknownFrom = rows.length, scale }: HeatTable, shown: number): void {
    const { palette } = s;
    const colours = scale ?? palette.diverging;
    const surface = this.#surface;
    const context = surface.begin();
    const gap = apart ? 4 : 0;
    const row = (surface.height - gap) / rows.length;
    const px = 1 / surface.ratio;
    const width = surface.width / shown;
    rows.forEach(({ values, errors }, r) => {
      const K = values.length;
      const top = Math.round(r * row + (r > 0 ? gap : 0));
      const bottom = Math.round((r + 1) * row + (r > 0 ? gap : 0)) - 1;
      if (r >= unknownFrom) {
        hatch(context, palette.line2, 0, top, surface.width, bottom - top, 6);
        return;
      }
      for (let k = Math.max(0, K - shown); k < K; k++) {
        const value = values[k]!;
        const left = surface.snap((k - K + shown) * width);
        const right = surface.snap((k - K + shown + 1) * width) - (width >= 3 ? px : 0);
        context.fillStyle = colours.css(value, most);
        context.fillRect(left, top, right - left, bottom - top);
        const ink = colours.ink(value, most);
        if (errors && Math.abs(value) <= 2 * errors[k]!) {
          context.fillStyle = palette.t3;
          context.fillRect(Math.round((left + right) / 2) - 1, Math.round((top + bottom) / 2) - 1, 2, 2);
        } else if (right - left >= 22) cellText(context, value, ink, left, right, (top + bottom) / 2);
        else if (value < -MARKED * most) {
          const wide = right - left > 7;
          context.fillStyle = wide ? ink : palette.mid;
          const inset = wide ? (right - left) * 0.28 : px;
          context.fillRect(left + inset, Math.round((top + bottom) / 2), right - left - 2 * inset, 1);
        }
      }
    });
  }

  #paintAxis(s: Snapshot, { newest, right }: HeatTable, shown: number): void {
    const context = this.#axisSurface.begin();
    timeAxis(context, s, this.#cells.offsetLeft - this.axis.offsetLeft, this.#cells.clientWidth, shown, newest);
    context.textAlign = 'right';
    context.font = `11px ${FONT}`;
    context.fillStyle = s.palette.t2;
    context.fillText(right, this.#axisSurface.width, AXIS_MIDDLE);
  }
}

/** Unseen names, so that the cells of all figures of the column stand under each other. */
export function nameWidths(): { node: HTMLElement; write: (s: Snapshot) => void } {
  const node = el('div', 'name-widths', { 'aria-hidden': 'true' });
  let labels: string[] = [];
  const rewrite = onChange(() => node.replaceChildren(...labels.map((label) => el('div', '', {}, label))));
  return {
    node,
    write({ features }) {
      labels = ['Whole tick', ...features.map(({ label }) => capital(label))];
      rewrite(labels.join());
    },
  };
}

/** Middle of the text of an axis, from its top. */
const AXIS_MIDDLE = 8;

/** How many ticks back, under columns of ticks, and the newest by its name. */
export function timeAxis(
  context: CanvasRenderingContext2D,
  { palette }: Snapshot,
  left: number,
  width: number,
  shown: number,
  newest: string,
  top = 0,
): void {
  const y = top + AXIS_MIDDLE;
  context.font = `11px ${FONT}`;
  context.textBaseline = 'middle';
  context.fillStyle = palette.t2;
  context.textAlign = 'left';
  let free = left;
  for (const age of [shown - 1, Math.round(shown * 0.75), shown / 2, Math.round(shown * 0.25)]) {
    const x = left + (width * (shown - age - 0.5)) / shown;
    const text = age === shown - 1 ? `${age} back` : String(age);
    const wide = context.measureText(text).width;
    const from = age === shown - 1 ? left : x - wide / 2;
    if (from < free) continue;
    context.fillText(text, from, y);
    free = from + wide + 8;
  }
  context.textAlign = 'right';
  context.font = `600 11px ${FONT}`;
  context.fillStyle = palette.t1;
  context.fillText(newest, left + width, y);
}

function cellText(
  context: CanvasRenderingContext2D,
  value: number,
  ink: string,
  left: number,
  right: number,
  y: number,
): void {
  context.font = `600 11px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = ink;
  const text =
    Math.abs(value) < 0.1
      ? value < 0
        ? '\u2212'
        : value > 0
          ? '+'
          : ''
      : signed(value, right - left < 34 ? 1 : 2).replace('0.', '.');
  context.fillText(text, (left + right) / 2, y);
}

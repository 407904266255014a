/** A few lines of SVG: axes, lines, bands and points, coloured by the page's own style sheet. */

export type Scale = (value: number) => number;

export interface ChartOptions {
  /** What it shows, for those who do not see it. */
  what: string;
  width: number;
  height: number;
  /** Points on the axis of x. */
  count: number;
  /** All that is drawn, for the axis of y. */
  values: readonly number[];
  /** Labels under some of the points. */
  labels: readonly (readonly [at: number, text: string])[];
  /** Values that are labelled on the axis of y; default: round numbers. */
  labelled?: readonly number[];
  /** What stands there; default: the values. */
  named?: readonly string[];
  draw: (x: Scale, y: Scale) => string;
}

const [LEFT, RIGHT, TOP, BOTTOM] = [48, 12, 10, 24];

/** A chart with its two axes. */
export function chart({ what, width, height, count, values, labels, labelled, named, draw }: ChartOptions): string {
  const [least, most] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as [number, number]);
  const half = most > least ? 0 : Math.abs(most) / 2 || 1;
  const ticks = labelled ?? ticksOf(least - half, most + half);
  const [low, high] = [Math.min(least - half, ticks[0]!), Math.max(most + half, ticks.at(-1)!)];
  const x: Scale = (i) => round(LEFT + ((width - LEFT - RIGHT) * i) / Math.max(1, count - 1));
  const y: Scale = (v) => round(height - BOTTOM - ((height - TOP - BOTTOM) * (v - low)) / (high - low));
  const grid = ticks
    .map(
      (v, i) =>
        `<path class="grid" d="M${LEFT} ${y(v)}H${width - RIGHT}"/><text x="${LEFT - 6}" y="${y(v) + 4}" text-anchor="end">${escapeText(named?.[i] ?? label(v))}</text>`,
    )
    .join('');
  const under = labels
    .map(([i, text]) => {
      const anchor = i === 0 ? 'start' : i === count - 1 ? 'end' : 'middle';
      return `<text x="${x(i)}" y="${height - 6}" text-anchor="${anchor}">${escapeText(text)}</text>`;
    })
    .join('');
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(what)}">${grid}${under}${draw(x, y)}</svg>`;
}

/** A line, interrupted where there is no number. */
export function line(name: string, values: readonly number[], x: Scale, y: Scale): string {
  let path = '';
  values.forEach((value, i) => {
    if (Number.isFinite(value)) path += `${i > 0 && Number.isFinite(values[i - 1]) ? 'L' : 'M'}${x(i)} ${y(value)}`;
  });
  return `<path class="${name}" d="${path}"/>`;
}

/** What lies between two lines; nothing where either has no number. */
export function band(low: readonly number[], high: readonly number[], x: Scale, y: Scale): string {
  const known = low.flatMap((value, i) => (Number.isFinite(value) && Number.isFinite(high[i]) ? [i] : []));
  if (known.length === 0) return '';
  const over = known.map((i) => `${x(i)} ${y(high[i]!)}`);
  const back = [...known].reverse().map((i) => `${x(i)} ${y(low[i]!)}`);
  return `<path class="band" d="M${[...over, ...back].join('L')}Z"/>`;
}

/** Dots, of a size of their own where a third number says so. */
export function points(name: string, places: readonly (readonly [x: number, y: number, radius?: number])[]): string {
  return places
    .map(([x, y, r = 3.5]) => `<circle class="${name}" cx="${round(x)}" cy="${round(y)}" r="${round(r)}"/>`)
    .join('');
}

/** Three to six round numbers that lie within. */
function ticksOf(least: number, most: number): number[] {
  const span = most - least;
  let step = 1;
  while (step * 4 < span) step *= 10;
  while (step > span) step /= 10;
  if (span / step < 3) step /= span / step < 1.5 ? 5 : 2;
  const ticks: number[] = [];
  // what rounding does to the ends does not count
  for (let i = Math.ceil(least / step - 1e-9); i * step <= most + 1e-9 * step; i++) ticks.push(i * step);
  return ticks;
}

function label(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

/** With a narrow space between thousands. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Text that is safe within HTML. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The diverging scale of attributions: lowers - nothing - raises, symmetric about zero, and maxima that only grow. */

export type Rgb = [number, number, number];

/** `#rrggbb` or `rgb(r, g, b)` as three bytes. */
export function rgb(text: string): Rgb {
  const hex = /^#([0-9a-f]{6})$/i.exec(text.trim());
  if (hex) {
    const n = Number.parseInt(hex[1]!, 16);
    return [n >> 16, (n >> 8) & 255, n & 255];
  }
  const parts = text.match(/[\d.]+/g) ?? ['0', '0', '0'];
  return [Number(parts[0]), Number(parts[1]), Number(parts[2])];
}

/** How far from `mid` a value stands: (|v| / max)^0.6, at most 1. */
export function weight(value: number, max: number): number {
  return max > 0 ? Math.min(1, (Math.abs(value) / max) ** 0.6) : 0;
}

/** Relative luminance, WCAG 2.x. */
export function luminance([r, g, b]: Rgb): number {
  const linear = (byte: number) => {
    const c = byte / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

/** Black or white, whichever reads on this colour: never under 4.58:1. */
export function inkOn(colour: Rgb): '#000' | '#fff' {
  return luminance(colour) > 0.179 ? '#000' : '#fff';
}

const STEPS = 128;

/** A diverging scale with its colours laid out once, so that a cell costs one look-up. */
export class Diverging {
  readonly #colours: Rgb[] = [];
  readonly #css: string[] = [];
  readonly #inks: ('#000' | '#fff')[] = [];

  constructor(neg: string, mid: string, pos: string) {
    const [from, centre, to] = [rgb(neg), rgb(mid), rgb(pos)];
    for (let i = -STEPS; i <= STEPS; i++) {
      const end = i < 0 ? from : to;
      const w = Math.abs(i) / STEPS;
      const colour = centre.map((c, k) => Math.round(c + (end[k]! - c) * w)) as Rgb;
      this.#colours.push(colour);
      this.#css.push(`rgb(${colour.join(',')})`);
      this.#inks.push(inkOn(colour));
    }
  }

  #step(value: number, max: number): number {
    const steps = Math.round(weight(value, max) * STEPS);
    return STEPS + (value < 0 ? -steps : steps);
  }

  colour(value: number, max: number): Rgb {
    return this.#colours[this.#step(value, max)]!;
  }

  css(value: number, max: number): string {
    return this.#css[this.#step(value, max)]!;
  }

  ink(value: number, max: number): '#000' | '#fff' {
    return this.#inks[this.#step(value, max)]!;
  }
}

/** The next of 1, 2, 5 times a power of ten, at or above `value`. */
export function niceAbove(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 2, 5, 10]) if (step * power >= value * (1 - 1e-9)) return step * power;
  return 10 * power;
}

/** A bound that holds still: it grows as soon as a value exceeds it and shrinks only on demand. */
export class Bound {
  value = 0;
  readonly #nice: (value: number) => number;

  constructor(nice: (value: number) => number = niceAbove) {
    this.#nice = nice;
  }

  /** Takes a value in; true when the bound grew. */
  take(value: number): boolean {
    if (!(value > this.value) || !Number.isFinite(value)) return false;
    this.value = this.#nice(value);
    return true;
  }

  rescale(): void {
    this.value = 0;
  }
}

/** Evenly spaced round numbers within [min, max], about `target` of them. */
export function splits(min: number, max: number, target: number): number[] {
  const span = max - min;
  if (!(span > 0)) return [min];
  const step = niceAbove(span / (target + 0.5));
  const values: number[] = [];
  for (let k = Math.ceil(min / step - 1e-9); k * step <= max + step * 1e-9; k++) values.push(k === 0 ? 0 : k * step);
  return values;
}

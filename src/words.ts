/**
 * One sentence on why a prediction is what it is. It says only what occlusion measured: "without X" is the model's own
 * output with X at its baseline and everything else as it was.
 */
import { difference, figure, rounded, signed, withUnit } from './numbers.ts';

/** A quantity and how it is written. `scale` turns model units into `unit`. */
export interface Quantity {
  name: string;
  label: string;
  unit: string;
  scale: number;
  decimals: number;
}

/** What there is to tell. Rows are past ticks, oldest first; K rows, F features. */
export interface Told {
  /** (K, F) prediction minus prediction without this value, model units. */
  cells: ArrayLike<number>;
  /** (K, F) what fed the model, model units; NaN where it is no longer known. */
  inputs: ArrayLike<number>;
  /** (K) event times, ms since 1970; NaN where unknown. */
  times: ArrayLike<number>;
  features: Quantity[];
  target: Quantity;
  /** Model units. */
  prediction: number;
  /** How the newest row is named: `that just arrived`. */
  newest: string;
  /** How an older row is named: `of 13 Oct`. */
  of: (time: number) => string;
}

export type Tone = 'plain' | 'value' | 'predicted' | 'raises' | 'lowers';

/** A run of the sentence. A part with `mark` repeats in figures what the words say; the plain text leaves it out. */
export interface Part {
  text: string;
  tone: Tone;
  mark?: boolean;
}

export interface Sentence {
  parts: Part[];
  plain: string;
}

/** One cell of an attribution: its place, and its effect in model units. */
export interface Cell {
  row: number;
  feature: number;
  effect: number;
}

/**
 * The cells of largest effect, at most `count`, largest first, none below `least` of the largest.
 * @param cells (K, F), row by row; zero and NaN are never named
 */
export function largestCells(cells: ArrayLike<number>, F: number, count: number, least: number): Cell[] {
  const top: Cell[] = [];
  for (let i = 0; i < cells.length; i++) {
    const size = Math.abs(cells[i]!);
    if (!(size > 0) || (top.length === count && size <= Math.abs(top[count - 1]!.effect))) continue;
    let at = top.length;
    while (at > 0 && Math.abs(top[at - 1]!.effect) < size) at--;
    top.splice(at, 0, { row: (i - (i % F)) / F, feature: i % F, effect: cells[i]! });
    if (top.length > count) top.pop();
  }
  const floor = top.length === 0 ? 0 : least * Math.abs(top[0]!.effect);
  return top.filter((cell) => Math.abs(cell.effect) >= floor);
}

/**
 * The sentence: the value of largest effect, then up to two more that have at least 5 % of it and move a shown digit.
 * When not even the largest moves a shown digit, it says that no single value does.
 */
export function sentence(told: Told): Sentence {
  const { target, prediction } = told;
  const F = told.features.length;
  const [first, ...others] = largestCells(told.cells, F, 3, 0.05);
  const shown = rounded(prediction * target.scale, target.decimals);
  if (!first) return finish([plain('No value in the window moves the prediction.')]);
  const without = rounded((prediction - first.effect) * target.scale, target.decimals);
  const moves = rounded(Math.abs(first.effect * target.scale), target.decimals) !== 0;
  if (!moves || without === shown) return finish(noSingleValue(target, first));

  const change = shown - without;
  const parts: Part[] = [
    plain('Without the '),
    { text: valueWords(told, first, true), tone: 'value' },
    plain(` ${when(told, first)}, the model would say `),
    { text: withUnit(figure(without, target.decimals), target.unit), tone: 'value' },
    plain(' instead of '),
    { text: withUnit(figure(shown, target.decimals), target.unit), tone: 'predicted' },
    {
      text: signed(change, target.decimals),
      tone: change > 0 ? 'raises' : 'lowers',
      mark: true,
    },
    plain('.'),
  ];
  let before = first;
  let said = 0;
  for (const cell of others) {
    const size = rounded(Math.abs(cell.effect * target.scale), target.decimals);
    if (size === 0) break;
    const amount = figure(size, target.decimals);
    const raises = cell.effect * target.scale > 0;
    parts.push(
      plain(said === 0 ? ' The ' : '; the '),
      plain(`${valueWords(told, cell, said === 0 || cell.feature !== before.feature)} ${when(told, cell)} `),
      {
        text: `${raises ? 'raises' : 'lowers'} it by ${said === 0 ? difference(amount, target.unit) : amount}`,
        tone: raises ? 'raises' : 'lowers',
      },
    );
    before = cell;
    said++;
  }
  if (said > 0) parts.push(plain('.'));
  return finish(parts);
}

/** What "without" means, by the kind of baseline: the words after "had that value been". */
export function baselineWords(kind: string): string {
  if (kind === 'zero') return 'zero';
  if (kind === 'mean') return 'at its training mean';
  if (kind === 'running-mean') return 'at its mean so far';
  if (kind === 'last') return 'as the tick before';
  return 'at its given baseline';
}

/** Whether a quantity is itself a difference (a return, a change), so that its sign is always written. */
export function isDifference(name: string): boolean {
  return /^(logReturn|diff)\(/.test(name);
}

function noSingleValue(target: Quantity, largest: Cell): Part[] {
  const size = Math.abs(largest.effect * target.scale);
  let bound = rounded(size, target.decimals);
  if (bound < size) bound += rounded(1 / tenTo(target.decimals), target.decimals);
  const most = difference(figure(bound, target.decimals), target.unit);
  return [plain('No single value moves the prediction by more than '), { text: most, tone: 'value' }, plain('.')];
}

function valueWords(told: Told, cell: Cell, named: boolean): string {
  const feature = told.features[cell.feature]!;
  const value = told.inputs[cell.row * told.features.length + cell.feature]!;
  const label = lower(feature.label);
  if (!Number.isFinite(value)) return label;
  const write = isDifference(feature.name) ? signed : figure;
  const text = withUnit(write(value * feature.scale, feature.decimals), feature.unit);
  return named || feature.unit === '' ? `${text} ${label}` : text;
}

function when(told: Told, cell: Cell): string {
  const rows = told.times.length;
  if (cell.row === rows - 1) return told.newest;
  const time = told.times[cell.row]!;
  return Number.isFinite(time) ? told.of(time) : `${rows - 1 - cell.row} ticks back`;
}

function lower(label: string): string {
  return /^[A-Z][^A-Z]/.test(label) ? label[0]!.toLowerCase() + label.slice(1) : label;
}

function tenTo(decimals: number): number {
  let value = 1;
  for (let i = 0; i < decimals; i++) value *= 10;
  return value;
}

function plain(text: string): Part {
  return { text, tone: 'plain' };
}

function finish(parts: Part[]): Sentence {
  let text = '';
  for (const part of parts) if (!part.mark) text += part.text;
  return { parts, plain: text };
}

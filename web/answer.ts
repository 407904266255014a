/** What an explanation shows: which of its fields are drawn, and how, in the units of the page. */
import { differenceUnit, figure, signed, withUnit } from '../src/numbers.ts';
import type { WireExplanation } from '../src/wire.ts';
import { isDifference, type Quantity } from '../src/words.ts';
import type { Bar } from './bars.ts';
import { capital, count, shortTime } from './format.ts';
import type { HeatRow } from './heat.ts';
import { isSlope } from './methods.ts';

/** What the page knows of the tick that was asked about. */
export interface Context {
  features: readonly Quantity[];
  target: Quantity;
  /** (K) times and (K, F) inputs, oldest first; NaN where unknown. */
  times: ArrayLike<number>;
  inputs: ArrayLike<number>;
}

export interface Shown {
  /** Cells by feature, with whole ticks above where there are both. */
  heat: { rows: HeatRow[]; apart: boolean; most: number } | null;
  /** Cells of what moved the prediction, where that is another thing. */
  moved: { rows: HeatRow[]; since: string } | null;
  /** Weights of attention, a row a head. */
  weights: HeatRow[] | null;
  /** Whole ticks alone. */
  columns: { values: number[]; errors: number[] | null } | null;
  bars: Bar[];
  decimals: number;
  /** What all numbers are. */
  unit: string;
  /** What must be said beside them. */
  facts: string[];
}

/** Bars that are listed; smaller ones are pooled. */
const LISTED = 12;

export function shownOf(e: WireExplanation, context: Context): Shown {
  const { target, times } = context;
  const K = times.length;
  const slope = isSlope(e.method);
  const scaled = (value: number, f: number): number =>
    slope ? (value * target.scale) / context.features[f]!.scale : value * target.scale;
  const cells = e.values ?? (e.events ? null : e.change);
  const errors = perCell(e.standardError);
  const most = cells ? largest(cells.flatMap((row) => row.map(scaled))) : 0;
  const decimals = slope ? digits(most) : Math.max(target.decimals, 2);
  const rows = cells && byFeature(cells, errors, context, scaled, slope ? decimals : target.decimals);
  const whole = rows && e.events ? wholeTicks(e.events, K, target) : null;
  return {
    heat: rows && { rows: whole ? [whole, ...rows] : rows, apart: whole !== null, most },
    moved:
      e.values && e.change && differs(e.values, e.change)
        ? { rows: byFeature(e.change, null, context, scaled, target.decimals), since: sinceWords(e, context) }
        : null,
    weights: e.attention?.length ? e.attention.map((head, h) => weights(head, h, e.attention!.length, K)) : null,
    columns:
      e.events && !cells
        ? { values: padded(e.events, K).map((v) => v * target.scale), errors: errorsOf(e, K, target) }
        : null,
    bars: barsOf(e, context),
    decimals,
    unit: slope ? 'slope: per unit of each input' : differenceUnit(target.unit),
    facts: factsOf(e, context),
  };
}

/** Rows (K) by feature of cells (k, F), the newest of them last. */
function byFeature(
  cells: number[][],
  errors: number[][] | null,
  { features, times }: Context,
  scaled: (value: number, f: number) => number,
  decimals: number,
): HeatRow[] {
  const K = times.length;
  return features.map(({ label }, f) => {
    const values = padded(
      cells.map((row) => scaled(row[f]!, f)),
      K,
    );
    const unsure = errors && {
      errors: padded(
        errors.map((row) => Math.abs(scaled(row[f]!, f))),
        K,
      ),
    };
    return { ...rowOf(capital(label), values, decimals), ...unsure };
  });
}

function wholeTicks(events: number[], K: number, { scale, decimals }: Quantity): HeatRow {
  return rowOf(
    'Whole tick',
    padded(
      events.map((value) => value * scale),
      K,
    ),
    decimals,
  );
}

/** A row with its sum in words. */
export function rowOf(name: string, values: ArrayLike<number>, decimals: number, sum = total(values)): HeatRow {
  const text = signed(sum, decimals);
  return { name, values, sum: text, tone: /[1-9]/.test(text) ? (sum > 0 ? 'tone-raises' : 'tone-lowers') : '' };
}

function weights(head: number[], h: number, heads: number, K: number): HeatRow {
  const values = padded(head, K);
  const most = values.indexOf(Math.max(...values));
  const back = K - 1 - most;
  return {
    name: heads === 1 ? 'Weights' : `Head ${h + 1}`,
    values,
    sum: back === 0 ? 'newest' : `${back} back`,
    tone: '',
  };
}

/** Segments, features or players, the largest first, the rest in one; a counterfactual's changed cells. */
function barsOf(e: WireExplanation, context: Context): Bar[] {
  const { features, target } = context;
  const K = e.window;
  const errors = e.standardError?.every((v) => typeof v === 'number') ? e.standardError : null;
  const bar = (name: string, value: number, error: number | undefined): Bar => ({
    name,
    note: '',
    effect: value * target.scale,
    ...(error === undefined ? {} : { error: Math.abs(error * target.scale) }),
  });
  if (e.bySegment && e.segments) {
    const named = e.segments.map(([from, to]) => runName(context, K, from, to));
    return e.bySegment.map((value, m) => bar(named[m]!, value, (errors as number[] | null)?.[m]));
  }
  if (e.byFeature)
    return e.byFeature.map((value, f) => bar(capital(features[f]!.label), value, (errors as number[] | null)?.[f]));
  if (!e.players || e.values || e.events) return [];
  const players = [...e.players].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const listed = players.slice(0, LISTED).map(({ ticks, features: of, value, standardError }) => {
    const when = ticks.length === K ? 'all ticks' : runName(context, K, ticks[0]!, ticks.at(-1)!);
    const what = of.length === features.length ? '' : of.map((f) => features[f]!.label).join(', ');
    return bar(capital([what, when].filter(Boolean).join(' ')), value, standardError);
  });
  const rest = players.slice(LISTED);
  if (rest.length === 0) return listed;
  return [...listed, bar(`${count(rest.length)} others`, total(rest.map(({ value }) => value)), undefined)];
}

/** One changed value of a counterfactual. */
export interface Change {
  name: string;
  from: string;
  to: string;
}

/** What a counterfactual changed, newest first; null where none was found. */
export function changesOf({ counterfactual, window: K }: WireExplanation, context: Context): Change[] | null {
  if (!counterfactual) return null;
  const { features, inputs, times } = context;
  const F = features.length;
  const skip = times.length - K;
  const changes: Change[] = [];
  for (let k = K - 1; k >= 0; k--) {
    for (let f = 0; f < F; f++) {
      const [was, is] = [inputs[(skip + k) * F + f]!, counterfactual.values[k]![f]!];
      if (was === is || Number.isNaN(was)) continue;
      const quantity = features[f]!;
      const name = `${capital(quantity.label)} ${tickName(context, K, k)}`;
      changes.push({ name, from: valueWords(was, quantity), to: valueWords(is, quantity) });
    }
  }
  return changes;
}

function valueWords(value: number, { name, scale, decimals, unit }: Quantity): string {
  const write = isDifference(name) ? signed : figure;
  return withUnit(write(value * scale, decimals), unit);
}

/** Tick k of a window of K. */
function tickName({ times }: Context, K: number, k: number): string {
  const time = times[times.length - K + k]!;
  return Number.isFinite(time) ? shortTime(time) : `${K - 1 - k} back`;
}

/** Ticks `from` to `to` of a window of K. */
function runName(context: Context, K: number, from: number, to: number): string {
  const first = tickName(context, K, from);
  return from === to ? first : `${first} to ${tickName(context, K, to)}`;
}

function sinceWords(e: WireExplanation, context: Context): string {
  if (e.since === null) return 'since the tick before';
  const k = e.window - 1 - (e.index - e.since);
  return `since ${k >= 0 ? tickName(context, e.window, k) : `${e.index - e.since} ticks back`}`;
}

function factsOf(e: WireExplanation, context: Context): string[] {
  const { target } = context;
  const decimals = Math.max(target.decimals, 2);
  const amount = (value: number): string => signed(value * target.scale, decimals);
  const facts: string[] = [];
  if (e.since !== null) facts.push(`${capital(sinceWords(e, context))}: ${amount(e.output)} in all.`);
  if (e.completenessGap !== null)
    facts.push(
      `The parts add up to ${amount(e.output - (e.baselineOutput ?? 0) + e.completenessGap)}; gap ${amount(e.completenessGap)}.`,
    );
  if (e.r2 !== undefined) facts.push(`The simple model explains ${figure(100 * e.r2, 0)}\u202f% of what was sampled.`);
  if (e.stateRelevance !== undefined) facts.push(`${amount(e.stateRelevance)} belongs to what came before the window.`);
  if (e.standardError) facts.push('A dot: within two standard errors of zero.');
  return [...facts, ...(e.notes ?? []).map((note) => `${capital(note)}${/[.!?]$/.test(note) ? '' : '.'}`)];
}

function errorsOf({ standardError }: WireExplanation, K: number, { scale }: Quantity): number[] | null {
  if (!standardError?.every((v) => typeof v === 'number')) return null;
  return padded(standardError as number[], K).map((value) => Math.abs(value * scale));
}

function perCell(standardError: WireExplanation['standardError']): number[][] | null {
  return standardError && Array.isArray(standardError[0]) ? (standardError as number[][]) : null;
}

/** The newest ones at the end of K; zeros where the window had not begun. */
function padded(values: readonly number[], K: number): number[] {
  return [...new Array<number>(Math.max(0, K - values.length)).fill(0), ...values];
}

function differs(a: number[][], b: number[][]): boolean {
  return a.some((row, k) => row.some((value, f) => value !== b[k]![f]));
}

function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Decimals that show two digits of the largest. */
function digits(most: number): number {
  return most > 0 ? Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(most)))) : 0;
}

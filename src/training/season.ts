/** What a season of a series is: a day, a week, a year, or what it repeats itself after. */
import { ConfigError, invalid } from '../errors.ts';
import type { Dataset } from './dataset.ts';
import type { Series } from './series.ts';

export interface Season {
  ticks: number;
  /** How it was found. */
  by: 'asked' | 'day' | 'week' | 'year' | 'autocorrelation';
}

const DAY = 86_400_000;
const CALENDAR = [
  ['day', DAY],
  ['week', 7 * DAY],
  ['year', 365.25 * DAY],
] as const;
/** Ticks of the training part whose autocorrelation is taken, the newest ones: its cost grows with their square. */
const LOOKED_AT = 20_000;

/** The value one season before the one that is said, or as many seasons as it takes to know it now; NaN: none that early. */
export function seasonal({ now, series }: Pick<Dataset, 'now' | 'series'>, horizon: number, season: number) {
  const first = firstOf(series, now.length);
  const back = Math.ceil(horizon / season) * season - horizon;
  return (t: number): number => (t - back >= first[t]! ? now[t - back]! : Number.NaN);
}

/**
 * The season whose seasonal persistence errs least over the training part, among a day, a week and a year in ticks where the
 * rows have times, and the highest peak of the target's autocorrelation. Each must fit twice into the training part.
 * @param asked ticks, where somebody knows
 * @param error of a forecast over the training part, NaN where it has none
 * @returns null where none fits
 * @throws ConfigError for a season that is too long for that
 */
export function findSeason(
  dataset: Pick<Dataset, 'now' | 'series' | 'rows'>,
  timed: boolean,
  horizon: number,
  asked: number | null,
  error: (forecast: (t: number) => number) => number,
): Season | null {
  checkSeason(dataset, asked);
  if (asked !== null) return { ticks: asked, by: 'asked' };
  const longest = longestOf(dataset.series);
  const most = mostTicks(longest);
  const candidates: Season[] = [];
  if (timed) for (const [by, duration] of CALENDAR) candidates.push({ ticks: ticksIn(duration, dataset, longest), by });
  const peak = highestPeak(dataset.now.subarray(longest.from, longest.validation));
  if (peak !== null) candidates.push({ ticks: peak, by: 'autocorrelation' });
  let best: Season | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const season of candidates) {
    if (!(season.ticks >= 2 && season.ticks <= most)) continue;
    const err = error(seasonal(dataset, horizon, season.ticks));
    if (err < least) [best, least] = [season, err];
  }
  return best;
}

/** @throws ConfigError for a season that does not fit twice into the training part */
export function checkSeason({ series }: Pick<Dataset, 'series'>, asked: number | null): void {
  const most = mostTicks(longestOf(series));
  if (asked !== null && asked > most)
    throw new ConfigError(invalid('--season', asked, `at most ${most} ticks: it fits twice into the training part`));
}

/** The series with the longest training part. */
function longestOf(series: readonly Series[]): Series {
  const length = ({ from, validation }: Series): number => validation - from;
  return series.reduce((most, one) => (length(one) > length(most) ? one : most));
}

function mostTicks({ from, validation }: Series): number {
  return Math.floor((validation - from) / 2);
}

/**
 * How many ticks later so much time has passed, in the median over all ticks: of a market's days a week is five, and a gap in the
 * recording changes nothing. 0: the part is shorter.
 */
function ticksIn(duration: number, { rows }: Pick<Dataset, 'rows'>, { from, validation }: Series): number {
  const counts: number[] = [];
  let end = from;
  for (let t = from; t < validation; t++) {
    const then = rows[t]!.time + duration;
    while (end < validation && rows[end]!.time < then) end++;
    if (end === validation) break;
    const before = end > t && then - rows[end - 1]!.time < rows[end]!.time - then;
    counts.push(end - t - (before ? 1 : 0));
  }
  return counts.sort((one, other) => one - other)[Math.floor(counts.length / 2)] ?? 0;
}

/**
 * The lag, up to a third of the series, with the highest autocorrelation after it first fell below zero: before that any
 * slow series resembles itself. Null where none stands out of the noise: three standard errors of white noise.
 */
export function highestPeak(series: Float64Array): number | null {
  const known = series.subarray(-LOOKED_AT).filter(Number.isFinite);
  const n = known.length;
  const mean = known.reduce((sum, y) => sum + y, 0) / n;
  const at = (lag: number): number => {
    let sum = 0;
    for (let t = lag; t < n; t++) sum += (known[t]! - mean) * (known[t - lag]! - mean);
    return sum;
  };
  const variance = at(0);
  let best: number | null = null;
  let highest = (3 / Math.sqrt(n)) * variance;
  let fallen = false;
  for (let lag = 1; lag <= n / 3; lag++) {
    const value = at(lag);
    if (value < 0) fallen = true;
    if (fallen && lag >= 2 && value > highest) [best, highest] = [lag, value];
  }
  return best;
}

/** The first tick of the key that each tick is of. */
function firstOf(series: readonly Series[], length: number): Int32Array {
  const first = new Int32Array(length);
  for (const { from, to } of series) first.fill(from, from, to);
  return first;
}

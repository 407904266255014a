/** Features that know the future. */
import { isEvent } from '../features/index.ts';
import { auroc } from './measures.ts';
import type { Read } from './scales.ts';
import type { Series } from './series.ts';

/** A correlation at which a feature is taken for the target in disguise. */
const LEAK = 0.999;
/** Of what the target's present leaves open about its future, a leak leaves no more than this share open. */
const OPEN = 0.25;
/** Less than this is open of nothing: a straight line is its own future. */
const ROUNDING = 1e-9;
/** Ticks that are looked at, the newest ones: a leak shows in any. */
const LOOKED_AT = 20_000;
/** Ticks that are looked ahead beyond the horizon, and at least. */
const BEYOND = 5;

/**
 * What to say about features that are, to all appearance, the target of a later tick. A slow series is nearly that by itself:
 * a feature counts only where it leaves far less open than the target as it is now. For an event the correlation is that of
 * ranks, 2 AUROC - 1: 1 where a threshold parts the ticks before it from all others.
 * @param ticks of the training part
 */
export function leaks(
  { values, inputs: F, now, columns, target, series }: Read & { now: Float64Array; series: readonly Series[] },
  ticks: readonly number[],
  horizon: number,
): string[] {
  const end = new Int32Array(now.length);
  for (const { from, validation } of series) end.fill(validation, from, validation);
  const later = (t: number, k: number): number => (t + k < end[t]! ? now[t + k]! : Number.NaN);
  const alike = isEvent(target) ? separation : correlation;
  const how = `correlates${isEvent(target) ? ' in rank' : ''} to`;
  return columns.flatMap((name, f) => {
    for (const k of ahead(horizon)) {
      const known = ticks.slice(-LOOKED_AT).filter((t) => Number.isFinite(later(t, k)));
      const feature = alike(
        known,
        (t) => values[t * F + f]!,
        (t) => later(t, k),
      );
      if (!(Math.abs(feature) > LEAK)) continue;
      const present = known.filter((t) => Number.isFinite(now[t]));
      const own = alike(
        present,
        (t) => now[t]!,
        (t) => later(t, k),
      );
      if (Math.max(ROUNDING, 1 - feature * feature) > OPEN * (1 - own * own)) continue;
      const when = `${k} ${k === 1 ? 'tick' : 'ticks'} later`;
      return [`${name} ${how} ${feature.toFixed(5)} with ${target} ${when}: is it the target in disguise?`];
    }
    return [];
  });
}

/** The horizon first, then what lies around it. */
function ahead(horizon: number): number[] {
  const others = Array.from({ length: horizon + BEYOND }, (_, i) => i + 1).filter((k) => k !== horizon);
  return [horizon, ...others];
}

function correlation(ticks: readonly number[], a: (t: number) => number, b: (t: number) => number): number {
  const mean = (read: (t: number) => number): number => ticks.reduce((sum, t) => sum + read(t), 0) / ticks.length;
  const [x, y] = [mean(a), mean(b)];
  let [xx, yy, xy] = [0, 0, 0];
  for (const t of ticks) {
    const [da, db] = [a(t) - x, b(t) - y];
    xx += da * da;
    yy += db * db;
    xy += da * db;
  }
  return xy / Math.sqrt(xx * yy);
}

/** Somers' D of a value about an event. */
function separation(ticks: readonly number[], value: (t: number) => number, event: (t: number) => number): number {
  const area = auroc(ticks.map(value), ticks.map(event));
  return area === null ? Number.NaN : 2 * area - 1;
}

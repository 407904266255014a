/** Where the shared time axis has its lines and what it says there. */
import { axisLabel, DAY, HOUR, MINUTE, SECOND } from './format.ts';
import type { Series } from './series.ts';

/** Pixels that a label needs. */
const ROOM = 72;
/** Periods, finest first: of so many ms, or of so many calendar months. */
const PERIODS: { ms?: number; months?: number }[] = [
  ...[SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY].map((ms) => ({
    ms,
  })),
  ...[1, 3, 12, 24, 60, 120, 600, 1200].map((months) => ({ months })),
];

/** Which period a time lies in; weeks begin on Monday. */
function number(time: number, { ms, months }: (typeof PERIODS)[number]): number {
  if (ms !== undefined) return Math.floor((ms === 7 * DAY ? time + 3 * DAY : time) / ms);
  const date = new Date(time);
  return Math.floor((date.getUTCFullYear() * 12 + date.getUTCMonth()) / months!);
}

export interface TimeLabel {
  at: number;
  text: string;
}

/** The boundaries within [first, end) of the finest period whose labels do not touch in `width` pixels. */
export function timeLabels(series: Series, first: number, end: number, width: number): TimeLabel[] {
  const from = Math.max(first, series.start);
  const most = Math.max(1, Math.floor(width / ROOM));
  for (const period of PERIODS) {
    const found: number[] = [];
    let last = Number.NaN;
    for (let at = from; at < end && found.length <= most; at++) {
      const now = number(series.time[series.slot(at)]!, period);
      if (!Number.isNaN(last) && now !== last) found.push(at);
      last = now;
    }
    if (found.length > most) continue;
    return found.map((at, i) => ({
      at,
      text: axisLabel(series.time[series.slot(at)]!, period.ms ?? period.months! * 30 * DAY, i === 0),
    }));
  }
  return [];
}

/** Intervals as they are drawn: one fill without edges, each at the tick that it is about, and open circles at what lay outside. */
import { TickFlag } from '../src/wire.ts';
import { type Snapshot, xOf } from './snapshot.ts';

type Y = (value: number) => number;

/** The band of what had been said for the ticks in view, and on to the next prediction's, which stands behind the now line. */
export function band(context: CanvasRenderingContext2D, s: Snapshot, y: Y, scale: number): void {
  const { series } = s;
  context.fillStyle = s.palette.band;
  let run: { x: number; low: number; high: number }[] = [];
  const fill = (): void => {
    if (run.length > 1) {
      context.beginPath();
      for (const { x, high } of run) context.lineTo(x, y(high));
      for (const { x, low } of run.reverse()) context.lineTo(x, y(low));
      context.fill();
    }
    run = [];
  };
  for (let at = Math.max(s.first, series.start); at < s.end; at++) {
    const slot = series.slot(at);
    if (series.flags[slot]! & (TickFlag.gap | TickFlag.reset)) fill();
    const [low, high] = [series.predictedLow[slot]! * scale, series.predictedHigh[slot]! * scale];
    if (Number.isFinite(low)) run.push({ x: xOf(s, at), low, high });
    else fill();
  }
  fill();
}

/** Open circles at what arrived outside its interval. */
export function outside(context: CanvasRenderingContext2D, s: Snapshot, y: Y, scale: number): void {
  const { series, palette } = s;
  context.strokeStyle = palette.act;
  context.fillStyle = palette.bg;
  context.lineWidth = 1.25;
  context.setLineDash([]);
  for (let at = Math.max(s.first, series.start); at < s.end; at++) {
    if (series.held(at) !== false) continue;
    context.beginPath();
    context.arc(xOf(s, at), y(series.arrived[series.slot(at)]! * scale), 3.25, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}

/** The next prediction's interval: a whisker right of the now line. */
export function whisker(context: CanvasRenderingContext2D, s: Snapshot, y: Y, scale: number): void {
  const slot = s.series.slot(s.end - 1);
  const [low, high] = [s.series.low[slot]! * scale, s.series.high[slot]! * scale];
  if (!Number.isFinite(low)) return;
  const x = s.geometry.now + 3;
  context.strokeStyle = s.palette.pred;
  context.lineWidth = 1.5;
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x, y(low));
  context.lineTo(x, y(high));
  for (const end of [low, high]) {
    context.moveTo(x - 3, y(end));
    context.lineTo(x + 3, y(end));
  }
  context.stroke();
}

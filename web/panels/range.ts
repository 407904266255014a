/** Track 1: what arrived and what had been predicted for it, each at its own tick; the next prediction alone behind now. */
import { figure, THIN, withUnit } from '../../src/numbers.ts';
import { TickFlag } from '../../src/wire.ts';
import type { Mark } from '../alerts.ts';
import { band, outside, whisker } from '../band.ts';
import { el, onChange, setText, show } from '../dom.ts';
import { capital, count, shortTime, tickName } from '../format.ts';
import { linePlot } from '../plot.ts';
import { niceAbove, splits } from '../scale.ts';
import { type Panel, type Snapshot, xOf } from '../snapshot.ts';
import { FONT, hatch, severityGlyph } from '../surface.ts';
import { makeTrack, placeLabel } from '../track.ts';
import type { View } from '../view.ts';

export function rangePanel(host: HTMLElement, view: View): Panel {
  const track = makeTrack(host, view, 'range');
  const legend = el('span', 'legend');
  const rescale = el('button', 'quiet', { type: 'button', hidden: '' }, 'Rescale');
  rescale.addEventListener('click', () => view.rescale());
  track.head.append(legend, rescale);
  const arrived = track.label('strong');
  const next = track.label('predicted strong');
  const ends = [track.label(), track.label()] as const;
  const range = { low: 0, high: 0, rescales: -1 };
  let scale = 1;
  let decimals = 1;
  let unit = '';

  const plot = linePlot(track.plot, view, {
    lines: [{ colour: (s) => s.palette.act }, { colour: (s) => s.palette.pred, dash: [5, 3] }],
    range: () => [range.low, range.high],
    splits: () => splits(range.low, range.high, 4),
    label: (value, top) => (top ? withUnit(figure(value, decimals), unit) : figure(value, decimals)),
    above: 8,
    below: 10,
    under: (context, s, y) => band(context, s, y, scale),
    over: (context, s, y, top, bottom) => {
      training(context, s, bottom);
      outside(context, s, y, scale);
      whisker(context, s, y, scale);
      marks(context, s, top, bottom);
      nextPoint(context, s, y, scale);
    },
  });
  new ResizeObserver(() => view.resized(track.plot.clientWidth)).observe(track.plot);

  let keys = { before: '', trained: false, narrow: false, interval: '' };
  const writeLegend = onChange(() => {
    legend.replaceChildren(
      el('span', 'key key-act', {}, 'arrived'),
      el('span', 'key key-pred', {}, keys.narrow ? 'predicted' : keys.before),
      ...(keys.interval ? [el('span', 'key key-band', {}, keys.interval)] : []),
      ...(keys.interval && !keys.narrow ? [el('span', 'key key-outside', {}, 'outside it')] : []),
      ...(keys.trained ? [el('span', 'key key-hatch', {}, 'training data')] : []),
    );
  });
  return {
    draw(s) {
      const { series, first, end, target } = s;
      scale = target.scale;
      unit = target.unit;
      if (range.rescales !== view.rescales) Object.assign(range, { low: 0, high: 0, rescales: view.rescales });
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < s.geometry.count; i++) {
        const at = first + i;
        const known = series.has(at);
        const slot = series.slot(Math.max(0, at));
        for (const end of [series.predictedLow, series.predictedHigh]) {
          const value = known ? end[slot]! * scale : Number.NaN;
          if (value < low) low = value;
          if (value > high) high = value;
        }
        for (const line of [0, 1]) {
          const value = (line === 0 ? series.arrived : series.predicted)[slot]! * scale;
          const shown = known && Number.isFinite(value);
          plot.values[line]![i] = shown ? value : null;
          if (shown && value < low) low = value;
          if (shown && value > high) high = value;
        }
      }
      const newest = series.slot(end - 1);
      for (const { [newest]: ahead } of [series.prediction, series.low, series.high]) {
        if (!Number.isFinite(ahead)) continue;
        low = Math.min(low, ahead! * scale);
        high = Math.max(high, ahead! * scale);
      }
      grow(range, low, high);
      show(rescale, high - Math.min(low, range.low < 0 ? low : 0) < 0.5 * (range.high - range.low));
      const steps = splits(range.low, range.high, 4);
      decimals = places(steps.length > 1 ? steps[1]! - steps[0]! : 1);
      plot.draw(s);
      track.lines(s);
      labels(s);
    },
    write(s) {
      const { store, series, target } = s;
      const { hello } = store;
      setText(track.title, capital(target.label));
      setText(track.note, target.name === target.label ? '' : target.name);
      const horizon = hello?.horizon ?? 1;
      const before = `predicted ${horizon === 1 ? 'the tick' : `${count(horizon)} ticks`} before`;
      const asked = hello?.interval
        ? `${figure(100 * hello.interval.coverage, 0)}${THIN}%${s.geometry.narrow ? '' : ' interval'}`
        : '';
      const trained = touches(s, hello?.trainedUntil ?? null);
      keys = { before, trained, narrow: s.geometry.narrow, interval: view.coverage ? asked : '' };
      writeLegend(JSON.stringify(keys));
      const slot = series.slot(s.end - 1);
      track.summary(
        `Arrived ${withUnit(figure(series.arrived[slot]! * scale, target.decimals), unit)} at ${shortTime(series.time[slot]!)}; ` +
          `next ${tickName(hello?.tickMeans ?? null)} predicted ${withUnit(figure(series.prediction[slot]! * scale, target.decimals), unit)}. ` +
          `${s.geometry.count} ticks in view.`,
      );
    },
  };

  function labels(s: Snapshot): void {
    const { series, target, geometry } = s;
    const slot = series.slot(s.focus);
    const value = series.arrived[slot]! * scale;
    const newest = s.hover === null;
    const predicted = (newest ? series.prediction : series.predicted)[slot]! * scale;
    setText(
      arrived,
      Number.isFinite(value)
        ? `${withUnit(figure(value, target.decimals), unit)}${geometry.narrow ? '' : ' arrived'}`
        : '',
    );
    setText(
      next,
      Number.isFinite(predicted)
        ? `${withUnit(figure(predicted, target.decimals), unit)}${geometry.narrow ? '' : newest ? ' next' : ' predicted'}`
        : '',
    );
    let a = Number.isFinite(value) ? plot.y(value) : 0;
    let b = Number.isFinite(predicted) ? plot.y(predicted) : 0;
    const apart = 17 - Math.abs(a - b);
    if (apart > 0) {
      const up = a <= b ? -1 : 1;
      a += (up * apart) / 2;
      b -= (up * apart) / 2;
    }
    placeLabel(arrived, s, a);
    placeLabel(next, s, b);
    // the ends of the whisker, where they do not touch the others
    const last = series.slot(s.end - 1);
    [series.high, series.low].forEach((end, i) => {
      const bound = end[last]! * scale;
      const at = plot.y(bound);
      const free = newest && Number.isFinite(bound) && Math.min(Math.abs(at - a), Math.abs(at - b)) >= 15;
      setText(ends[i]!, free ? figure(bound, target.decimals) : '');
      if (free) placeLabel(ends[i]!, s, at);
    });
  }
}

/** The range grows at once to hold [low, high] with round ends; zero belongs to it where it is near. */
function grow(range: { low: number; high: number }, low: number, high: number): void {
  if (!(low <= high)) {
    if (range.high <= range.low) range.high = range.low + 1;
    return;
  }
  if (range.high > range.low && low >= range.low && high <= range.high) return;
  const from = range.high > range.low ? Math.min(low, range.low) : low;
  const to = range.high > range.low ? Math.max(high, range.high) : high;
  const near = from >= 0 && from < to - from ? 0 : from;
  const step = niceAbove(Math.max(to - near, Math.abs(to) * 1e-6, 1e-9) / 12);
  range.low = Math.floor(near / step) * step;
  range.high = Math.ceil((to + step * 0.4) / step) * step;
}

/** Decimals of round axis steps. */
function places(step: number): number {
  return step >= 1 ? 0 : Math.min(6, Math.ceil(-Math.log10(step) - 1e-9));
}

function touches(s: Snapshot, until: number | null): boolean {
  const at = Math.max(s.first, s.series.start);
  return until !== null && at < s.end && s.series.time[s.series.slot(at)]! <= until;
}

/** Training data: a hatch of 5 px below the base line, under the ticks that the model was trained on. */
function training(context: CanvasRenderingContext2D, s: Snapshot, bottom: number): void {
  const until = s.store.hello?.trainedUntil ?? null;
  if (!touches(s, until)) return;
  let at = Math.max(s.first, s.series.start);
  const from = xOf(s, at) - s.geometry.pitch / 2;
  while (at < s.end && s.series.time[s.series.slot(at)]! <= until!) at++;
  hatch(context, s.palette.t3, from, bottom + 2, xOf(s, at) - s.geometry.pitch / 2 - from, 5, 4);
}

/** Under so many pixels apart, marks of alerts share one glyph and a count. */
const APART = 14;

/** Alerts: the severity's glyph at the top edge and a dotted line to the axis; gaps and resets are named there too. */
function marks(context: CanvasRenderingContext2D, s: Snapshot, top: number, bottom: number): void {
  const { palette, series } = s;
  const { marks: all } = s.store.alerts;
  context.font = `600 11px ${FONT}`;
  context.textBaseline = 'middle';
  let free = s.geometry.now + 8;
  for (let i = all.length - 1; i >= 0; i--) {
    const mark = all[i]!;
    if (!inView(mark, s)) continue;
    const x = Math.round(xOf(s, mark.at)) + 0.5;
    const colour = mark.severity === 'critical' ? palette.crit : palette.warn;
    dotted(context, colour, x, top + 8, bottom);
    let together = 1;
    for (let j = i - 1; j >= 0; j--) {
      if (!inView(all[j]!, s)) continue;
      const other = Math.round(xOf(s, all[j]!.at)) + 0.5;
      if (x - other >= APART) break;
      dotted(context, colour, other, top + 12, bottom);
      together++;
      i = j;
    }
    severityGlyph(context, palette, mark.severity, x, top + 4, 5.5);
    const text = `${together > 1 ? `${together} × ` : ''}${mark.name} ${shortTime(mark.time)}`;
    const width = context.measureText(text).width + 18;
    const leftward = x - width > s.geometry.left;
    const end = leftward ? x : x + width;
    if (end > free) continue;
    context.textAlign = leftward ? 'right' : 'left';
    context.fillStyle = colour;
    context.fillText(text, leftward ? x - 10 : x + 10, top + 4);
    free = end - width - 8;
  }
  context.font = `11px ${FONT}`;
  context.textAlign = 'center';
  context.fillStyle = palette.t2;
  for (let at = Math.max(s.first, series.start); at < s.end; at++) {
    const flags = series.flags[series.slot(at)]!;
    if (!(flags & (TickFlag.gap | TickFlag.reset))) continue;
    const x = Math.min(Math.max(xOf(s, at) - s.geometry.pitch / 2, s.geometry.left + 24), s.geometry.now - 24);
    context.fillText(flags & TickFlag.reset ? 'reset' : gapText(s, at), x, top + 20);
  }
}

function inView(mark: Mark, s: Snapshot): boolean {
  return mark.kind === 'alert' && mark.at >= s.first && mark.at < s.end;
}

function dotted(context: CanvasRenderingContext2D, colour: string, x: number, from: number, to: number): void {
  context.strokeStyle = colour;
  context.lineWidth = 1.25;
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(x, from);
  context.lineTo(x, to);
  context.stroke();
  context.setLineDash([]);
}

function gapText(s: Snapshot, at: number): string {
  const { series } = s;
  if (!series.has(at - 1)) return 'gap';
  const missing = series.index[series.slot(at)]! - series.index[series.slot(at - 1)]! - 1;
  return missing > 0 ? `gap: ${count(missing)} not shown` : 'gap';
}

function nextPoint(context: CanvasRenderingContext2D, s: Snapshot, y: (value: number) => number, scale: number): void {
  const { series, palette, geometry } = s;
  const value = series.prediction[series.slot(s.end - 1)]! * scale;
  if (!Number.isFinite(value)) return;
  const x = geometry.now + 3;
  context.strokeStyle = palette.pred;
  context.lineWidth = 1.5;
  const last = series.predicted[series.slot(s.end - 1)]! * scale;
  if (Number.isFinite(last)) {
    context.setLineDash([5, 3]);
    context.beginPath();
    context.moveTo(xOf(s, s.end - 1), y(last));
    context.lineTo(x, y(value));
    context.stroke();
  }
  context.setLineDash([]);
  context.beginPath();
  context.arc(x, y(value), 4, 0, 2 * Math.PI);
  context.fillStyle = palette.bg;
  context.fill();
  context.lineWidth = 2;
  context.stroke();
  const now = series.arrived[series.slot(s.end - 1)]! * scale;
  if (!Number.isFinite(now)) return;
  context.beginPath();
  context.arc(xOf(s, s.end - 1), y(now), 2.5, 0, 2 * Math.PI);
  context.fillStyle = palette.act;
  context.fill();
}

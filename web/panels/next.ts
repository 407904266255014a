/** Now, 1: the prediction for the tick that has not come yet. */
import { difference, figure, signed, THIN, withUnit } from '../../src/numbers.ts';
import { el, setText, show } from '../dom.ts';
import { count, longTime, tickName } from '../format.ts';
import type { Panel, Snapshot } from '../snapshot.ts';
import type { View } from '../view.ts';
import { aged } from './aged.ts';

export function nextPanel(host: HTMLElement, _view: View): Panel {
  const title = el('h2', 'label');
  const what = el('span', 'note');
  const age = aged();
  const value = el('span', 'hero-value');
  const unit = el('span', 'hero-unit');
  const inner = el('span', 'reach-inner');
  const point = el('span', 'reach-point');
  const reach = el('div', 'reach', { 'aria-hidden': 'true', hidden: '' }, inner, point);
  const ends = el('b');
  const asked = el('span');
  const interval = el('p', 'under', { hidden: '', 'data-testid': 'interval' }, asked, ' ', ends);
  const change = el('p', 'under');
  host.append(
    el('div', 'strip-head', {}, title, what, age.node),
    el('p', 'hero predicted', { 'data-testid': 'next' }, value, unit),
    reach,
    interval,
    change,
  );
  host.setAttribute('aria-label', 'Next');
  return {
    state(state) {
      setText(title, state.kind === 'lost' || state.kind === 'stale' ? 'Last prediction' : 'Next');
      age.write(state);
    },
    write(s) {
      const { series, target } = s;
      const prediction = series.prediction[series.slot(s.end - 1)]! * target.scale;
      const known = Number.isFinite(prediction);
      setText(what, `${forWhen(s)} · ${target.label.toLowerCase()}`);
      setText(value, known ? figure(prediction, target.decimals) : '\u2013');
      setText(unit, known ? target.unit : '');
      const around = known ? intervalOf(s) : null;
      show(reach, around !== null);
      show(interval, around !== null);
      if (around) {
        const { low, high, coverage } = around;
        setText(asked, `${figure(100 * coverage, 0)}${THIN}% interval`);
        const end = figure(high, target.decimals);
        setText(ends, `${figure(low, target.decimals)} to ${withUnit(end, target.unit)}`);
        const [from, to] = extent(s);
        const place = (value: number): string => `${(100 * (value - from)) / (to - from)}%`;
        inner.style.left = place(low);
        inner.style.right = `calc(100% - ${place(high)})`;
        point.style.left = place(prediction);
      }
      setText(change, known ? moved(s, prediction) : warmingUp(s));
      show(change, change.textContent !== '');
    },
  };
}

/** The interval around the newest prediction, in the units shown; null: there is none yet. */
function intervalOf(s: Snapshot): { low: number; high: number; coverage: number } | null {
  const { series, target } = s;
  const slot = series.slot(s.end - 1);
  const { coverage } = s.store.hello?.interval ?? {};
  const [low, high] = [series.low[slot]! * target.scale, series.high[slot]! * target.scale];
  if (coverage === undefined || !Number.isFinite(low)) return null;
  return low <= high ? { low, high, coverage } : { low: high, high: low, coverage };
}

/** From the lowest to the highest end of intervals in view: what the bar is drawn over. */
function extent(s: Snapshot): [number, number] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = Math.max(s.first, s.series.start); at < s.end; at++) {
    for (const ends of [s.series.low, s.series.high]) {
      const value = ends[s.series.slot(at)]! * s.target.scale;
      if (value < from) from = value;
      if (value > to) to = value;
    }
  }
  return [from, to];
}

function moved(s: Snapshot, prediction: number): string {
  const { series, target } = s;
  if (!series.has(s.end - 2)) return '';
  const before = series.prediction[series.slot(s.end - 2)]! * target.scale;
  if (!Number.isFinite(before)) return '';
  const by = Number(prediction.toFixed(target.decimals)) - Number(before.toFixed(target.decimals));
  const text = difference(signed(by, target.decimals), target.unit);
  return /[1-9]/.test(text) ? `${text} from the one before` : 'as the one before';
}

function warmingUp(s: Snapshot): string {
  const { hello } = s.store;
  const left = (hello?.window ?? 0) - 1 - s.series.index[s.series.slot(s.end - 1)]!;
  return hello?.mode === 'windowed' && left > 0
    ? `first prediction at tick ${hello.window}, ${left} to go`
    : 'no prediction at this tick';
}

/** The tick predicted: its date where ticks are equally spaced in time, else the feed's own word for a tick. */
function forWhen(s: Snapshot): string {
  const { hello } = s.store;
  const horizon = hello?.horizon ?? 1;
  if (hello?.axis === 'time') {
    const spacing = regular(s);
    if (spacing > 0) return longTime(s.series.time[s.series.slot(s.end - 1)]! + horizon * spacing);
  }
  const name = tickName(hello?.tickMeans ?? null);
  return horizon === 1 ? name : `in ${count(horizon)} ${name}s`;
}

/** Spacing of the last 16 ticks (ms) when it is always the same, else 0. */
function regular(s: Snapshot): number {
  const { series } = s;
  let spacing = 0;
  for (let at = s.end - 1; at > s.end - 16 && series.has(at - 1); at--) {
    const d = series.time[series.slot(at)]! - series.time[series.slot(at - 1)]!;
    if (spacing !== 0 && d !== spacing) return 0;
    spacing = d;
  }
  return spacing;
}

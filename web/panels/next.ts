/** Now, 1: the prediction for the tick that has not come yet. */
import { difference, figure, signed } from '../../src/numbers.ts';
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
  const change = el('p', 'under');
  host.append(
    el('div', 'strip-head', {}, title, what, age.node),
    el('p', 'hero predicted', { 'data-testid': 'next' }, value, unit),
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
      setText(change, known ? moved(s, prediction) : warmingUp(s));
      show(change, change.textContent !== '');
    },
  };
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

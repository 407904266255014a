/** Now, 2: what arrived, and how far the prediction for it was off. */
import { difference, figure, rounded, signed, THIN, withUnit } from '../../src/numbers.ts';
import { el, setText } from '../dom.ts';
import { longTime } from '../format.ts';
import type { Panel } from '../snapshot.ts';
import type { View } from '../view.ts';
import { aged } from './aged.ts';

export function arrivedPanel(host: HTMLElement, _view: View): Panel {
  const title = el('h2', 'label', {}, 'Arrived');
  const when = el('time', 'note');
  const age = aged();
  const value = el('span', 'figure-value');
  const unit = el('span', 'figure-unit');
  const predicted = el('b', 'predicted');
  const off = el('b');
  const sigma = el('span');
  const within = el('span', '', { 'data-testid': 'held' });
  const known = el('p', 'under', {}, 'predicted ', predicted, el('br'), 'off by ', off, sigma, el('br'), within);
  const unknown = el('p', 'under', { hidden: '' }, 'nothing had been predicted for it');
  host.append(el('div', 'strip-head', {}, title, when, age.node), el('p', 'figure', {}, value, unit), known, unknown);
  host.setAttribute('aria-label', 'Arrived');
  return {
    state(state) {
      setText(title, state.kind === 'lost' || state.kind === 'stale' ? 'Last arrived' : 'Arrived');
      age.write(state);
    },
    write(s) {
      const { series, target } = s;
      const slot = series.slot(s.end - 1);
      const arrived = series.arrived[slot]! * target.scale;
      const before = series.predicted[slot]! * target.scale;
      setText(when, longTime(series.time[slot]!));
      when.dateTime = new Date(series.time[slot]!).toISOString();
      setText(value, figure(arrived, target.decimals));
      setText(unit, Number.isFinite(arrived) ? target.unit : '');
      const settled = Number.isFinite(arrived - before);
      known.hidden = !settled;
      unknown.hidden = settled;
      if (s.store.hello?.settles === false) setText(unknown, 'the model names no target');
      if (!settled) return;
      setText(predicted, withUnit(figure(before, target.decimals), target.unit));
      const hit = series.held(s.end - 1);
      const ends = [series.predictedLow, series.predictedHigh].map((end) => end[slot]! * target.scale);
      const [low, high] = ends.sort((a, b) => a - b).map((end) => figure(end, target.decimals));
      setText(within, hit === null ? '' : `${hit ? 'inside' : 'outside'} ${low} to ${withUnit(high!, target.unit)}`);
      within.classList.toggle('strong', hit === false);
      const by = rounded(arrived, target.decimals) - rounded(before, target.decimals);
      setText(off, difference(signed(by, target.decimals), target.unit));
      setText(sigma, Number.isFinite(series.sigma[slot]!) ? `, ${signed(series.sigma[slot]!, 1)}${THIN}σ` : '');
    },
  };
}

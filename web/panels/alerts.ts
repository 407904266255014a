/** Now, 5: what fires, since when, and which way the model errs; else how near the nearest detector is. */
import { figure, THIN } from '../../src/numbers.ts';
import type { Rule } from '../alerts.ts';
import { el, glyph, onChange, setText, show } from '../dom.ts';
import { longTime } from '../format.ts';
import type { Panel, Snapshot } from '../snapshot.ts';
import { say } from '../speech.ts';
import type { Store } from '../store.ts';
import type { View } from '../view.ts';
import { aged } from './aged.ts';

const SHOWN = 2;

export function alertsPanel(host: HTMLElement, { store }: View): Panel {
  const title = el('h2', 'label', {}, 'Alerts');
  const age = aged();
  const others = el('span', 'note right');
  const list = el('ul', 'alerts', { 'data-testid': 'alerts' });
  const quiet = el('p', 'under');
  host.append(el('div', 'strip-head', {}, title, age.node, others), list, quiet);
  host.setAttribute('aria-label', 'Alerts');
  let rules: Rule[] = [];
  const speak = onChange(() => {
    const rule = rules.find((r) => r.firing);
    if (rule) say(`Alert: ${rule.name} fires${means(rule, store)}.`);
  });
  const rewrite = onChange(() => {
    list.replaceChildren(...rules.slice(0, SHOWN).map((rule) => item(rule, store)));
  });
  return {
    state: (state) => age.write(state),
    write(s) {
      rules = s.store.alerts.rules
        .filter((rule) => Number.isFinite(rule.since))
        .sort((a, b) => Number(b.firing) - Number(a.firing) || b.since - a.since);
      const { firing } = s.store.alerts;
      const fires = rules.find((rule) => rule.firing);
      if (fires) speak(`${fires.name} ${fires.since}`);
      host.dataset.firing = String(firing > 0);
      rewrite(rules.map((r) => `${r.name} ${r.firing} ${r.since} ${r.on} ${r.direction} ${r.severity}`).join('|'));
      setText(others, rules.length > SHOWN ? `${rules.length - SHOWN} more` : '');
      setText(quiet, watching(s));
      show(quiet, rules.length < SHOWN);
      if (s.state.kind !== 'lost')
        document.title = `${firing > 0 ? `${firing} firing: ` : ''}${s.store.hello?.stream ?? ''}, whytick`;
    },
  };
}

function item(rule: Rule, store: Store): HTMLElement {
  const shape = rule.severity === 'critical' ? 'diamond' : 'warning';
  const state = rule.firing ? 'firing' : 'over';
  return el(
    'li',
    `alert ${rule.firing ? rule.severity : 'over'}`,
    {},
    el('p', 'alert-name', {}, glyph(shape), `${rule.name}, ${state}`),
    el('p', 'under', {}, `since ${longTime(rule.since)}${means(rule, store)}`),
  );
}

/** What the direction means, in words. */
function means(rule: Rule, { hello }: Store): string {
  if (rule.direction === null) return '';
  if (rule.on === 'residual') return rule.direction === 'up' ? ', predicted too low' : ', predicted too high';
  const name = rule.on.replace(/^input\./, '');
  const what = hello?.features.find((feature) => feature.name === name)?.label.toLowerCase() ?? name;
  return `, ${what ? `${what} ` : ''}moved ${rule.direction}`;
}

function watching(s: Snapshot): string {
  const { series } = s;
  const share = series.drift[series.slot(s.end - 1)]!;
  const none = s.store.alerts.firing === 0 ? 'None firing. ' : '';
  return Number.isFinite(share) ? `${none}Drift stands at ${figure(share * 100, 0)}${THIN}% of its threshold.` : none;
}

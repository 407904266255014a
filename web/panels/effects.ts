/** Right column: the largest cells by name, value and effect; with all others they add up to the sum of the heat map. */
import { differenceUnit, figure, rounded, signed, withUnit } from '../../src/numbers.ts';
import { isDifference, largestCells } from '../../src/words.ts';
import { type Bar, barItem } from '../bars.ts';
import { el, onChange, setText, show } from '../dom.ts';
import { capital, count, shortTime } from '../format.ts';
import type { Panel, Snapshot } from '../snapshot.ts';
import type { View } from '../view.ts';

const SHOWN = 5;

export function effectsPanel(host: HTMLElement, _view: View): Panel {
  const title = el('h2', 'section', {}, 'The largest effects');
  const unit = el('span', 'note right');
  const list = el('ol', 'effects');
  host.append(el('div', 'section-head', {}, title, unit), list);
  let rows: Bar[] = [];
  let decimals = 1;
  const rewrite = onChange(() => {
    const most = rows.reduce((max, row) => Math.max(max, Math.abs(row.effect)), 0);
    list.replaceChildren(...rows.map((row) => barItem(row, most, decimals)));
  });
  return {
    write(s) {
      show(host, s.explained.at >= 0);
      if (s.explained.at < 0) return;
      list.setAttribute('aria-busy', String(!s.explained.known));
      if (!s.explained.known) return;
      decimals = Math.max(s.target.decimals, 2);
      rows = table(s, decimals);
      setText(unit, [differenceUnit(s.target.unit), s.target.label.toLowerCase()].filter(Boolean).join(', '));
      rewrite(`${s.explained.at} ${decimals} ${rows.map((r) => r.name + r.note)}`);
    },
  };
}

/** The rows as shown: already rounded, and the rest is what makes them add up. */
function table(s: Snapshot, decimals: number): Bar[] {
  const { explained, features, target } = s;
  const F = features.length;
  const shown = (value: number) => rounded(value * target.scale, decimals);
  let sum = 0;
  for (const value of explained.cells) sum += value;
  let rest = shown(sum);
  const top = largestCells(explained.cells, F, SHOWN, 0);
  const rows = top.map(({ row, feature, effect }): Bar => {
    const quantity = features[feature]!;
    const input = explained.inputs[row * F + feature]!;
    const write = isDifference(quantity.name) ? signed : figure;
    const value = Number.isFinite(input)
      ? withUnit(write(input * quantity.scale, quantity.decimals), quantity.unit)
      : '';
    const time = explained.times[row]!;
    const back = explained.times.length - 1 - row;
    rest -= shown(effect);
    return {
      name: `${capital(quantity.label)} ${Number.isFinite(time) ? shortTime(time) : `${back} back`}`,
      note: value,
      effect: shown(effect),
    };
  });
  const others = explained.cells.length - top.length;
  if (others > 0) rows.push({ name: `${count(others)} other cells`, note: '', effect: rounded(rest, decimals) });
  rows.push({ name: 'Sum of all cells', note: '', effect: shown(sum), total: true });
  return rows;
}

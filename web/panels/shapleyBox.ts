/** Shapley values of whole ticks beside the live attribution: with one standard error each, and what they leave over. */
import { signed } from '../../src/numbers.ts';
import { rowOf } from '../answer.ts';
import { Columns } from '../columns.ts';
import { el, setText, show } from '../dom.ts';
import { count, shortTime } from '../format.ts';
import type { Snapshot } from '../snapshot.ts';
import type { View } from '../view.ts';

export function shapleyBox(view: View): {
  node: HTMLElement;
  draw: (s: Snapshot) => void;
  write: (s: Snapshot) => void;
} {
  const title = el('h3', 'label', { id: 'shapley-title' }, 'Shapley values of ticks');
  const note = el('span', 'note right');
  const under = el('p', 'caveat', { id: 'shapley-means' });
  const named = { 'aria-labelledby': 'shapley-title', 'aria-describedby': 'shapley-means' };
  const columns = new Columns(view, named, 'shapley');
  const node = el(
    'div',
    'shapley-box',
    { hidden: '' },
    el('div', 'section-head', {}, title, note),
    columns.figure,
    under,
  );
  return {
    node,
    draw(s) {
      const live = s.store.hello?.shapley ?? null;
      show(node, live !== null && s.explained.at >= 0);
      const { shapley } = s.explained;
      show(columns.figure, shapley !== null);
      if (!live || !shapley) return;
      const { scale, decimals } = s.target;
      const values = shapley.values.map((value) => value * scale);
      const { sum } = rowOf('', values, decimals);
      const errors = shapley.standardErrors.map((error) => Math.abs(error * scale));
      columns.draw(s, { name: 'Whole tick', values, errors, newest: shortTime(s.explained.time), sum });
    },
    write(s) {
      const live = s.store.hello?.shapley;
      if (!live) return;
      const { shapley } = s.explained;
      setText(note, `${count(live.worlds)} random worlds, \u00b1 1 standard error`);
      show(under, s.method === null || shapley === null);
      setText(
        under,
        shapley
          ? words(s)
          : 'Not known of this tick, which came before this page did. The method "Rolling Shapley" can be asked for them.',
      );
    },
  };
}

function words({ explained, target }: Snapshot): string {
  const { values, remainder, gap, noneOutput } = explained.shapley!;
  const decimals = Math.max(target.decimals, 2);
  const amount = (value: number): string => signed(value * target.scale, decimals);
  let sum = 0;
  for (const value of values) sum += value;
  const rest = remainder === 0 ? `sampling ${amount(-gap)}` : `older ticks and sampling ${amount(remainder)}`;
  const whole = amount(explained.prediction - noneOutput);
  return `A dot: within two errors of zero. Sum ${amount(sum)}, ${rest}: together ${whole} against a stream at its baseline.`;
}

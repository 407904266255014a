/** Two methods beside each other in four figures: rank, largest, sign, leader. */
import { el, glyph, setText } from '../dom.ts';
import type { Against } from './askedResult.ts';

export function agreementBox(): { node: HTMLElement; write: (against: Against) => void } {
  const title = el('h3', 'label', {}, 'Do they agree?');
  const key = el('span', 'note right', {}, '\u25a0 live  \u25c7 this');
  const cells = [0, 1, 2, 3].map(() => ({ name: el('dt'), value: el('dd') }));
  const list = el('dl', 'agreement', {}, ...cells.map(({ name, value }) => el('div', '', {}, name, value)));
  const words = el('p', 'under');
  const node = el(
    'div',
    'agreement-box',
    { 'data-testid': 'agreement' },
    el('div', 'section-head', {}, title, key),
    list,
    words,
  );
  return {
    node,
    write({ rho, ranked, shared, top, sameSign, sameLeader, what, words: said }) {
      const figures: [string, string | Node[]][] = [
        [`rank \u03c1, ${ranked} largest`, Number.isNaN(rho) ? 'none' : minus(rho.toFixed(2))],
        [`top ${top} shared`, `${shared} of ${top}`],
        ['same sign', sameSign === ranked ? 'all' : `${sameSign} of ${ranked}`],
        [
          'leader',
          sameLeader === null
            ? what === 'ticks'
              ? 'ticks only'
              : 'none'
            : sameLeader
              ? 'same'
              : [glyph('warning'), document.createTextNode(' differs')],
        ],
      ];
      figures.forEach(([name, value], i) => {
        const cell = cells[i]!;
        setText(cell.name, name);
        if (typeof value === 'string') setText(cell.value, value);
        else cell.value.replaceChildren(...value);
        cell.value.className = typeof value === 'string' ? '' : 'differs';
      });
      setText(words, said);
    },
  };
}

function minus(text: string): string {
  return text.replace('-', '\u2212');
}

/** The top bar: brand, the stream's name, the status chip (always the same place), time zone, theme. */
import { el, type Glyph, glyph, setClass, setGlyph, setText } from '../dom.ts';
import { ticks } from '../format.ts';
import type { Panel } from '../snapshot.ts';
import type { View } from '../view.ts';

export function barPanel(host: HTMLElement, view: View): Panel {
  const name = el('span', 'stream-name');
  const session = el('span', 'note');
  const heading = el('h1', 'stream', {}, name, session);
  const mark = glyph('dot');
  const word = el('b');
  const detail = el('span', 'note');
  const chip = el('p', 'chip', { role: 'status', 'aria-live': 'off', 'data-testid': 'status' }, mark, word, detail);
  const choice = el('span');
  const theme = el('button', 'quiet theme', { type: 'button' }, 'Theme', choice);
  theme.addEventListener('click', () => view.theme.next());
  host.append(
    el('div', 'brand', {}, logo(), el('span', '', {}, 'whytick')),
    heading,
    chip,
    el('span', 'zone', { title: 'All times are UTC' }, 'UTC'),
    theme,
  );
  return {
    state(state) {
      const { hello, series } = view.store;
      setText(name, hello?.stream ?? 'No stream yet');
      setText(
        session,
        hello ? [hello.session, hello.model].filter((part) => part && part !== hello.stream).join(' · ') : '',
      );
      const behind = view.paused && series ? series.end - view.end : 0;
      const paused = view.paused && (state.kind === 'live' || state.kind === 'replay');
      setText(word, paused ? 'Paused' : state.word);
      setText(detail, paused ? `${ticks(behind)} behind live` : state.detail);
      setClass(chip, `chip chip-${paused ? 'paused' : state.kind}`);
      setGlyph(mark, shapes[paused ? 'paused' : state.kind] ?? 'dot');
      setText(choice, `: ${view.theme.choice}`);
    },
  };
}

/** Each state has its own shape: none is told by a colour alone. */
const shapes: Record<string, Glyph> = {
  live: 'dot',
  replay: 'play',
  paused: 'pause',
  stale: 'warning',
  feed: 'warning',
  lost: 'cross',
  mismatch: 'cross',
};

function logo(): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 17 16');
  svg.setAttribute('class', 'logo');
  svg.setAttribute('aria-hidden', 'true');
  for (const [x, y, name] of [
    [0, 8, 'neg'],
    [4.5, 4, 'rest'],
    [9, 6, 'rest'],
    [13.5, 0, 'pos'],
  ] as const) {
    const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    bar.setAttribute('x', String(x));
    bar.setAttribute('y', String(y));
    bar.setAttribute('width', '3');
    bar.setAttribute('height', String(16 - y));
    bar.setAttribute('class', `logo-${name}`);
    svg.append(bar);
  }
  return svg;
}

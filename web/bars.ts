/** Lists of bars about a zero line: names at the left, numbers at the right, and how sure they are. */
import { signed } from '../src/numbers.ts';
import { el, glyph } from './dom.ts';

export interface Bar {
  name: string;
  /** Beside the name, quieter. */
  note: string;
  /** As shown, in the unit of the list. */
  effect: number;
  /** One standard error, where there is one. */
  error?: number;
  total?: boolean;
}

/** @param most where bars end @param decimals of all numbers */
export function barItem(bar: Bar, most: number, decimals: number): HTMLElement {
  const { name, note, effect, error, total } = bar;
  const text = signed(effect, decimals);
  const tone = /[1-9]/.test(text) ? (effect > 0 ? 'raises' : 'lowers') : '';
  const share = (value: number): number => (most > 0 ? (Math.abs(value) / most) * 50 : 0);
  const line = el('span', `bar ${tone}`);
  line.style.width = `${share(effect)}%`;
  line.style.left = effect < 0 ? `${50 - share(effect)}%` : '50%';
  const box = el('span', 'bar-box', { 'aria-hidden': 'true' }, line);
  const shown = el('span', `effect ${tone ? `tone-${tone}` : ''}`);
  if (tone) shown.append(glyph(tone === 'raises' ? 'up' : 'down'));
  shown.append(text);
  if (error !== undefined) {
    const whisker = el('span', 'whisker');
    const from = Math.max(0, 50 + Math.sign(effect) * share(effect) - share(error));
    whisker.style.left = `${from}%`;
    whisker.style.width = `${Math.min(100 - from, 2 * share(error))}%`;
    box.append(whisker);
    const unsure = Math.abs(effect) <= 2 * error;
    shown.append(el('span', 'error', {}, `${unsure ? '\u00b7 ' : ''}\u00b1${signed(error, decimals).slice(1)}`));
  }
  return el(
    'li',
    [total ? 'total' : '', error === undefined ? '' : 'with-error'].filter(Boolean).join(' '),
    {},
    el('span', 'cell', {}, `${name} `, el('span', 'note', {}, note)),
    box,
    shown,
  );
}

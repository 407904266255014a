/** Light and dark: follows the system until a person chooses. Charts read the same tokens as the style sheet. */
import { Diverging } from './scale.ts';

export type Choice = 'system' | 'light' | 'dark';
const KEY = 'whytick.theme';
const TOKENS = [
  'bg',
  'surface',
  'line',
  'line2',
  't1',
  't2',
  't3',
  'act',
  'pred',
  'band',
  'pos',
  'neg',
  'mid',
  'crit',
  'warn',
  'hatch',
] as const;

/** Tokens of the style sheet as colours, and the diverging scale they make. */
export type Palette = Record<(typeof TOKENS)[number], string> & { diverging: Diverging; version: number };

export class Theme {
  choice: Choice = 'system';
  palette!: Palette;
  readonly #changed: () => void;
  readonly #system = matchMedia('(prefers-color-scheme: light)');

  constructor(changed: () => void) {
    this.#changed = changed;
    try {
      const kept = localStorage.getItem(KEY);
      if (kept === 'light' || kept === 'dark') this.choice = kept;
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
    this.#system.addEventListener('change', () => this.apply());
    this.apply();
  }

  /** System, light, dark, and round again. */
  next(): void {
    this.choice = this.choice === 'system' ? 'light' : this.choice === 'light' ? 'dark' : 'system';
    try {
      if (this.choice === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, this.choice);
    } catch {
      // As above.
    }
    this.apply();
  }

  /** Puts the theme on the page and reads its colours again; also after another state (lost) has changed them. */
  apply(): void {
    const light = this.choice === 'system' ? this.#system.matches : this.choice === 'light';
    const root = document.documentElement;
    root.dataset.theme = light ? 'light' : 'dark';
    const style = getComputedStyle(root);
    const palette = { version: (this.palette?.version ?? 0) + 1 } as Palette;
    for (const token of TOKENS) palette[token] = style.getPropertyValue(`--${token}`).trim();
    palette.diverging = new Diverging(palette.neg, palette.mid, palette.pos);
    this.palette = palette;
    this.#changed();
  }
}

/** Making and changing elements. Text goes in as text, never as markup. */
import type { Part } from '../src/words.ts';

type Child = Node | string;

/** An element with a class, attributes and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name = '',
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (name) node.className = name;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Sets text only where it changed: the page is written to four times a second. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setClass(node: Element, name: string): void {
  if (node.getAttribute('class') !== name) node.setAttribute('class', name);
}

export function show(node: HTMLElement, visible: boolean): void {
  if (node.hidden === visible) node.hidden = !visible;
}

/** Runs `write` only when `key` differs from the last time: lists are rebuilt only for news. */
export function onChange(write: () => void): (key: string) => void {
  let last: string | null = null;
  return (key) => {
    if (key === last) return;
    last = key;
    write();
  };
}

const GLYPHS = {
  up: 'M6 1.5 11 10.5H1Z',
  down: 'M6 10.5 1 1.5H11Z',
  diamond: 'M6 0 12 6 6 12 0 6Z',
  warning: 'M6 1.2 11.2 10.6H.8Z',
  dot: 'M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9',
  cross: 'M2 2 10 10M10 2 2 10',
  pause: 'M2 1.5H4.8V10.5H2ZM7.2 1.5H10V10.5H7.2Z',
  play: 'M2.5 1 11 6 2.5 11Z',
} as const;

export type Glyph = keyof typeof GLYPHS;

/** A shape that carries meaning beside its words: triangles for sign, diamond and open triangle for severity. */
export function glyph(kind: Glyph): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 12 12');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
  setGlyph(svg, kind);
  return svg;
}

export function setGlyph(svg: SVGSVGElement, kind: Glyph): void {
  setClass(svg, `glyph glyph-${kind}`);
  const path = svg.firstElementChild;
  if (path && path.getAttribute('d') !== GLYPHS[kind]) path.setAttribute('d', GLYPHS[kind]);
}

/** Writes the runs of a sentence, each in its tone; a triangle goes before what raises or lowers. */
export function writeParts(host: HTMLElement, parts: Part[]): void {
  host.replaceChildren(
    ...parts.flatMap((part): Child[] => {
      if (part.tone === 'plain') return [part.text];
      const run = el('span', `tone-${part.tone}`);
      if (part.tone === 'raises' || part.tone === 'lowers') {
        const [first = '', ...rest] = part.text.split(' ');
        run.append(el('span', 'held', {}, glyph(part.tone === 'raises' ? 'up' : 'down'), first));
        if (rest.length > 0) run.append(` ${rest.join(' ')}`);
      } else run.append(part.text);
      return part.mark ? [' ', run] : [run];
    }),
  );
}

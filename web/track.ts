/** The frame of a track: a focusable figure with heading, plot, right gutter, and the lines that run through all tracks. */
import { TickFlag } from '../src/wire.ts';
import { el, setText, show } from './dom.ts';
import { type Snapshot, xOf } from './snapshot.ts';
import { FONT, hatch } from './surface.ts';
import type { View } from './view.ts';

export interface Track {
  figure: HTMLElement;
  head: HTMLElement;
  title: HTMLElement;
  note: HTMLElement;
  /** Where the canvas goes; its width is the shared x axis. */
  plot: HTMLElement;
  /** Places the lines of pointer and selection. Call once a draw. */
  lines(s: Snapshot): void;
  /** The chart in one sentence, for those who do not see it. */
  summary(text: string): void;
  /** A direct label in the right gutter. */
  label(name?: string): HTMLElement;
}

let made = 0;

export function makeTrack(host: HTMLElement, view: View, kind: string): Track {
  const id = `track-${made++}`;
  const title = el('h2', 'track-title', { id: `${id}-title` });
  const note = el('span', 'note');
  const head = el('div', 'track-head', {}, title, note);
  const hover = el('div', 'line hover', { hidden: '' });
  const selected = el('div', 'line selected', { hidden: '' });
  const plot = el('div', 'plot', {}, hover, selected);
  const spoken = el('p', 'unseen', { id: `${id}-summary` });
  const figure = el(
    'figure',
    `track ${kind}`,
    { tabindex: '0', 'aria-labelledby': `${id}-title`, 'aria-describedby': `${id}-summary` },
    head,
    plot,
    spoken,
  );
  host.append(figure);

  const tickAt = (event: PointerEvent | MouseEvent): number | null => {
    const { left, now, pitch, count } = view.geometry;
    const x = event.clientX - plot.getBoundingClientRect().left;
    if (x < left || x >= now) return null;
    const end = view.end;
    const at = end - count + Math.floor((x - left) / pitch);
    return at >= 0 && at < end ? at : null;
  };
  plot.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse') view.hover(tickAt(event));
  });
  plot.addEventListener('pointerleave', () => view.hover(null));
  plot.addEventListener('click', (event) => {
    const at = tickAt(event);
    if (at !== null) view.select(at);
  });

  return {
    figure,
    head,
    title,
    note,
    plot,
    lines(s) {
      place(hover, s, s.hover);
      place(selected, s, s.selected);
    },
    summary: (text) => setText(spoken, text),
    label(name = '') {
      const label = el('div', `gutter ${name}`);
      plot.append(label);
      return label;
    },
  };
}

function place(line: HTMLElement, s: Snapshot, at: number | null): void {
  const visible = at !== null && at >= s.first && at < s.end;
  show(line, visible);
  if (visible) line.style.transform = `translateX(${Math.round(xOf(s, at))}px)`;
}

/** Puts a gutter label beside its line: right of the now line, its middle at y. */
export function placeLabel(label: HTMLElement, s: Snapshot, y: number): void {
  label.style.left = `${s.geometry.now + (s.geometry.narrow ? 11 : 14)}px`;
  label.style.top = `${Math.round(y)}px`;
}

/** Vertical grid, hatch of gaps, marks of resets, and the now line: through the whole height of every track. */
export function verticals(context: CanvasRenderingContext2D, s: Snapshot, top: number, bottom: number): void {
  const { series, palette, geometry } = s;
  const px = 1;
  context.fillStyle = palette.line;
  for (const { at } of s.labels) context.fillRect(Math.round(xOf(s, at)), top, px, bottom - top);
  for (let at = Math.max(s.first, series.start); at < s.end; at++) {
    const flags = series.flags[series.slot(at)]!;
    if (!(flags & (TickFlag.gap | TickFlag.reset))) continue;
    const x = xOf(s, at) - geometry.pitch;
    if (flags & TickFlag.gap) hatch(context, palette.t3, x, top, geometry.pitch, bottom - top, 4);
    if (flags & TickFlag.reset) {
      context.fillStyle = palette.t3;
      context.fillRect(Math.round(x + geometry.pitch / 2), top, px, bottom - top);
    }
  }
  context.fillStyle = palette.line2;
  context.fillRect(Math.round(geometry.now), top, px, bottom - top);
}

/** Axis text: 11 px, right-aligned in the left gutter. */
export function axisText(context: CanvasRenderingContext2D, s: Snapshot, text: string, y: number): void {
  context.font = `11px ${FONT}`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = s.palette.t2;
  context.fillText(text, s.geometry.left - (s.geometry.narrow ? 5 : 8), y);
}

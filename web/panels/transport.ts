/** The transport bar: follow or pause, back to live, speed where the feed has one, and the whole history in small. */
import { TickFlag } from '../../src/wire.ts';
import { type TimeLabel, timeLabels } from '../axis.ts';
import { el, glyph, setClass, setGlyph, setText, show } from '../dom.ts';
import { bytes, count, span, ticks } from '../format.ts';
import type { Series } from '../series.ts';
import type { Panel, Snapshot } from '../snapshot.ts';
import { say } from '../speech.ts';
import { FONT, hatch, Surface, severityGlyph } from '../surface.ts';
import type { View } from '../view.ts';

const SPEEDS = [0.5, 1, 2, 5, 10];
const AWAY_MS = 10_000;

export function transportPanel(host: HTMLElement, view: View): Panel {
  const following = el('b');
  const mark = glyph('dot');
  const state = el('p', 'follow', {}, mark, following);
  const pauseMark = glyph('pause');
  const pause = el('button', 'icon', { type: 'button', 'aria-keyshortcuts': 'Space' }, pauseMark);
  pause.addEventListener('click', () => view.togglePause());
  const back = el(
    'button',
    'quiet',
    { type: 'button', 'aria-keyshortcuts': 'L' },
    'Back to live ',
    el('kbd', '', {}, 'L'),
  );
  back.addEventListener('click', () => view.live());
  const speeds = el('div', 'speeds', { role: 'group', 'aria-label': 'Speed of the feed' });
  for (const value of SPEEDS) {
    const button = el('button', '', { type: 'button', 'data-speed': String(value) }, `${value}×`);
    button.addEventListener('click', () => view.setSpeed(value));
    speeds.append(button);
  }
  const map = el('div', 'minimap', { role: 'img', 'aria-label': 'The whole history' });
  const counts = el('p', 'counts');
  const recording = el('p', 'counts');
  host.append(state, pause, back, speeds, map, counts, recording);
  const surface = new Surface(map, () => view.refresh());
  const minimap = new Minimap();
  let hiddenAt = 0;
  let hiddenEnd = 0;
  let hiddenAlerts = 0;
  let away = '';
  let awayUntil = 0;

  document.addEventListener('visibilitychange', () => {
    const { series, alerts } = view.store;
    if (document.hidden) {
      hiddenAt = performance.now();
      hiddenEnd = series?.end ?? 0;
      hiddenAlerts = alerts.begun;
      return;
    }
    const gone = performance.now() - hiddenAt;
    if (hiddenAt > 0 && gone > 5000) {
      const begun = alerts.begun - hiddenAlerts;
      away = `${span(gone)} away: ${ticks((series?.end ?? 0) - hiddenEnd)}, ${begun} alert${begun === 1 ? '' : 's'}`;
      awayUntil = performance.now() + AWAY_MS;
      say(away);
    }
    view.refresh();
  });

  return {
    draw(s) {
      minimap.draw(surface, s);
    },
    write(s) {
      const { status, hello } = s.store;
      const live = !s.paused && s.selected === null;
      const word = s.paused
        ? 'Paused'
        : s.state.kind === 'lost'
          ? 'Live when it returns'
          : s.state.kind === 'mismatch'
            ? 'Not live'
            : hello?.session === 'replay'
              ? 'Following the replay'
              : 'Following live';
      setText(following, s.selected === null ? word : `${word}; the explanation stays`);
      setClass(state, `follow ${s.paused ? 'paused' : ''}`);
      setGlyph(mark, s.paused ? 'pause' : 'dot');
      setGlyph(pauseMark, s.paused ? 'play' : 'pause');
      const name = s.paused ? 'Resume drawing (Space)' : 'Pause drawing, data goes on (Space)';
      if (pause.title !== name) {
        pause.title = name;
        pause.setAttribute('aria-label', name);
      }
      show(back, !live);
      const speed = status?.speed ?? hello?.speed ?? null;
      show(speeds, speed !== null && s.link.phase === 'open');
      for (const button of speeds.children)
        button.setAttribute('aria-pressed', String(Number((button as HTMLElement).dataset.speed) === speed));
      const kept = s.series.end - s.series.start;
      setText(
        counts,
        performance.now() < awayUntil
          ? away
          : `${ticks(s.series.end)}${kept < s.series.end ? `, the last ${count(kept)} shown` : ''}`,
      );
      const file = status?.recording ?? null;
      setText(
        recording,
        file === null
          ? 'not recording'
          : file.state === 'failed'
            ? `recording failed: ${file.reason ?? ''}`
            : `recorded ${ticks(file.ticks)}, ${bytes(file.bytes)}`,
      );
      setClass(recording, `counts ${file?.state === 'failed' ? 'bad' : ''}`);
    },
  };
}

/** What arrived, lowest and highest a pixel; the window in view, alerts, resets, and the part that trained the model. */
class Minimap {
  #low = new Float32Array(0);
  #high = new Float32Array(0);
  /** Looking for the boundaries of years takes a moment: about once a second is enough. */
  #labels: TimeLabel[] = [];
  #labelledAt = Number.NEGATIVE_INFINITY;
  #labelledEnd = 0;
  #wide = 0;

  draw(surface: Surface, s: Snapshot): void {
    const context = surface.begin();
    const { palette, series, store } = s;
    const { width } = surface;
    const columns = Math.max(1, Math.floor(width));
    const from = series.start;
    const n = Math.max(series.end - from, s.geometry.count);
    const x = (at: number) => width - ((series.end - at) / n) * width;
    const [top, base] = [9, surface.height - 16];
    this.#bin(series, columns, n);
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < columns; i++) {
      if (this.#low[i]! < min) min = this.#low[i]!;
      if (this.#high[i]! > max) max = this.#high[i]!;
    }
    if (min >= 0 && min < max - min) min = 0;
    const y = (value: number) => base - ((value - min) / Math.max(max - min, 1e-30)) * (base - top);
    const left = x(Math.max(s.first, from));
    const right = x(s.end);
    context.fillStyle = palette.surface;
    context.globalAlpha = 1;
    context.fillStyle = palette.hatch;
    context.fillRect(left, 2, Math.max(right - left, 2), base);
    context.fillStyle = palette.t3;
    for (let i = 0; i < columns; i++) {
      const high = this.#high[i]!;
      if (!Number.isFinite(high)) continue;
      const bottom = min === 0 ? base : y(this.#low[i]!);
      context.fillRect(i, y(high), 1, Math.max(1, bottom - y(high)));
    }
    this.#training(context, s, x, base);
    context.strokeStyle = palette.t1;
    context.lineWidth = 1;
    context.strokeRect(Math.round(left) + 0.5, 2.5, Math.max(2, Math.round(right - left) - 1), base - 1);
    for (const mark of store.alerts.marks) {
      if (mark.kind === 'alert' && series.has(mark.at))
        severityGlyph(context, palette, mark.severity, Math.min(x(mark.at + 0.5), width - 4), 5, 4);
    }
    context.font = `11px ${FONT}`;
    context.textBaseline = 'alphabetic';
    context.textAlign = 'left';
    context.fillStyle = palette.t2;
    let free = 0;
    const moved = series.end - this.#labelledEnd;
    if (this.#wide !== width || moved < 0 || moved > n / 10 || (moved > n / 200 && s.now - this.#labelledAt > 1000)) {
      this.#labels = timeLabels(series, from, series.end, width);
      this.#labelledAt = s.now;
      this.#labelledEnd = series.end;
      this.#wide = width;
    }
    for (const { at, text } of this.#labels) {
      const place = x(at);
      const wide = context.measureText(text).width;
      if (place < free || place + wide > width) continue;
      context.fillText(text, place, surface.height - 1);
      free = place + wide + 8;
    }
  }

  #bin(series: Series, columns: number, n: number): void {
    if (this.#low.length !== columns) {
      this.#low = new Float32Array(columns);
      this.#high = new Float32Array(columns);
    }
    this.#low.fill(Number.POSITIVE_INFINITY);
    this.#high.fill(Number.NEGATIVE_INFINITY);
    for (let at = series.start; at < series.end; at++) {
      const value = series.arrived[series.slot(at)]!;
      const column = Math.min(columns - 1, Math.floor((1 - (series.end - at) / n) * columns));
      if (value < this.#low[column]!) this.#low[column] = value;
      if (value > this.#high[column]!) this.#high[column] = value;
    }
  }

  #training(context: CanvasRenderingContext2D, s: Snapshot, x: (at: number) => number, base: number): void {
    const { series, store, palette } = s;
    const until = store.hello?.trainedUntil ?? null;
    let from = -1;
    for (let at = series.start; at <= series.end; at++) {
      const slot = series.slot(at);
      const inside = at < series.end && until !== null && series.time[slot]! <= until;
      if (inside && from < 0) from = at;
      else if (!inside && from >= 0) {
        hatch(context, palette.t3, x(from), base + 1, x(at) - x(from), 4, 4);
        from = -1;
      }
      if (at < series.end && series.flags[slot]! & TickFlag.reset) {
        context.fillStyle = palette.t3;
        context.fillRect(Math.round(x(at)), 4, 1, base - 4);
      }
    }
  }
}

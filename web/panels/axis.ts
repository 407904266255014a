/** The time axis below the tracks: boundaries, the newest tick's time (or that under the pointer), and what a tick is. */
import { el, setText } from '../dom.ts';
import { shortTime } from '../format.ts';
import { type Panel, xOf } from '../snapshot.ts';
import { FONT, Surface } from '../surface.ts';
import type { View } from '../view.ts';

export function axisPanel(host: HTMLElement, view: View): Panel {
  const means = el('span', 'means');
  const box = el('div', 'axis', {}, means);
  host.append(box);
  const surface = new Surface(box, () => view.refresh());
  return {
    draw(s) {
      const context = surface.begin();
      const { palette, geometry } = s;
      const y = 9;
      const time = (at: number) => shortTime(s.series.time[s.series.slot(at)]!);
      context.textBaseline = 'middle';
      context.textAlign = 'right';
      context.font = `600 11px ${FONT}`;
      const newest = time(s.end - 1);
      let free = geometry.now - context.measureText(newest).width - 12;
      context.fillStyle = palette.t1;
      context.fillText(newest, geometry.now, y);
      let taken = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      if (s.hover !== null && s.hover !== s.end - 1) {
        context.textAlign = 'center';
        const half = context.measureText(time(s.hover)).width / 2 + 8;
        const x = Math.max(geometry.left + half, Math.min(xOf(s, s.hover), free - half));
        context.fillText(time(s.hover), x, y);
        taken = [x - half, x + half];
        free = Math.max(free, 0);
      }
      context.font = `11px ${FONT}`;
      context.fillStyle = palette.t2;
      context.textAlign = 'left';
      for (const { at, text } of s.labels) {
        const x = xOf(s, at);
        const right = x + context.measureText(text).width;
        if (right > free || (right > taken[0]! && x < taken[1]!)) continue;
        context.fillText(text, x, y);
      }
    },
    write(s) {
      setText(means, s.geometry.narrow ? '' : (s.store.hello?.tickMeans ?? ''));
      means.style.left = `${s.geometry.now + 14}px`;
    },
  };
}

/** Track 2: how far off each prediction was, in units of the error's own usual size. */
import { figure, signed } from '../../src/numbers.ts';
import { setText } from '../dom.ts';
import { Bound, niceAbove } from '../scale.ts';
import { type Panel, xOf } from '../snapshot.ts';
import { Surface } from '../surface.ts';
import { axisText, makeTrack, placeLabel, verticals } from '../track.ts';
import type { View } from '../view.ts';

/** From so many deviations on, a bar is in ink. */
const OUTLIER = 3;

export function residualPanel(host: HTMLElement, view: View): Panel {
  const track = makeTrack(host, view, 'residual');
  const surface = new Surface(track.plot, () => view.refresh());
  const label = track.label('two');
  const strong = label.appendChild(document.createElement('strong'));
  const small = label.appendChild(document.createElement('span'));
  const bound = new Bound(niceAbove);
  let rescales = -1;
  setText(track.title, 'Off by');
  setText(track.note, 'standardised residual, σ');

  return {
    draw(s) {
      const { series, palette, geometry } = s;
      if (rescales !== view.rescales) {
        rescales = view.rescales;
        bound.rescale();
        bound.take(5);
      }
      const first = Math.max(s.first, series.start);
      for (let at = first; at < s.end; at++) bound.take(Math.abs(series.sigma[series.slot(at)]!));
      const context = surface.begin();
      const [top, bottom] = [4, surface.height - 6];
      const middle = Math.round((top + bottom) / 2);
      const y = (value: number) => middle - (value / bound.value) * ((bottom - top) / 2);
      verticals(context, s, top, bottom);
      context.fillStyle = palette.line2;
      context.fillRect(geometry.left, middle, geometry.now - geometry.left, 1);
      for (const value of [bound.value, 0, -bound.value]) {
        const at = Math.min(bottom - 4, Math.max(top + 5, y(value)));
        axisText(context, s, value === 0 ? '0' : signed(value, 0), at);
      }
      const bar = Math.max(1, geometry.pitch - Math.max(1, Math.round(geometry.pitch * 0.25)));
      for (let at = first; at < s.end; at++) {
        const value = series.sigma[series.slot(at)]!;
        if (!Number.isFinite(value)) continue;
        context.fillStyle = Math.abs(value) >= OUTLIER ? palette.act : palette.t3;
        const height = Math.max(1, Math.abs(y(value) - middle));
        context.fillRect(surface.snap(xOf(s, at) - bar / 2), value > 0 ? middle - height : middle + 1, bar, height);
      }
      const value = series.sigma[series.slot(s.focus)]!;
      const known = Number.isFinite(value);
      setText(strong, known ? `${signed(value, 1)}\u202fσ` : '');
      setText(
        small,
        geometry.narrow
          ? ''
          : known
            ? direction(value)
            : s.store.hello?.settles === false
              ? 'no target, no deviation'
              : 'no deviation known yet',
      );
      placeLabel(label, s, (top + bottom) / 2);
      track.lines(s);
    },
    write(s) {
      const value = s.series.sigma[s.series.slot(s.end - 1)]!;
      track.summary(
        Number.isFinite(value)
          ? `The last prediction was ${figure(Math.abs(value), 1)} usual errors too ${value > 0 ? 'low' : 'high'}.`
          : 'The usual error is not known yet.',
      );
    },
  };
}

function direction(value: number): string {
  if (Math.abs(value) < 0.05) return 'as predicted';
  return value > 0 ? 'up: predicted low' : 'down: predicted high';
}

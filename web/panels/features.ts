/** Track 3: what moved each prediction, by feature: the effects of its values summed over the window, a row a feature. */

import { difference, differenceUnit, figure, signed } from '../../src/numbers.ts';
import { el, glyph, setGlyph, setText, show } from '../dom.ts';
import { capital } from '../format.ts';
import { Bound } from '../scale.ts';
import { type Panel, type Snapshot, xOf } from '../snapshot.ts';
import { Surface } from '../surface.ts';
import { axisText, makeTrack, verticals } from '../track.ts';
import type { View } from '../view.ts';

/** Least height of a row, and of the track, CSS pixels. */
const ROW = 18;

export function featuresPanel(host: HTMLElement, view: View): Panel {
  const track = makeTrack(host, view, 'features');
  const surface = new Surface(track.plot, () => view.refresh());
  const labels: { row: HTMLElement; name: HTMLElement; value: HTMLElement; mark: SVGSVGElement }[] = [];
  const raise = new Bound((value) => value * 1.1);
  const lower = new Bound((value) => value * 1.1);
  let rescales = -1;
  let stripes: { pattern: CanvasPattern; version: number } | null = null;
  setText(track.title, 'What moved each prediction');

  return {
    draw(s) {
      const { series, palette, geometry, target } = s;
      const F = series.features;
      rows(F);
      if (rescales !== view.rescales) {
        rescales = view.rescales;
        raise.rescale();
        lower.rescale();
      }
      const first = Math.max(s.first, series.end - 1024, 0);
      for (let f = 0; f < F; f++) {
        for (let at = first; at < s.end; at++) {
          const value = series.byFeature(at, f) * target.scale;
          if (value > 0) raise.take(value);
          else lower.take(-value);
        }
      }
      const context = surface.begin();
      if (stripes?.version !== palette.version)
        stripes = { pattern: striped(context, palette.neg, surface.ratio), version: palette.version };
      verticals(context, s, 0, surface.height);
      const height = surface.height / F;
      const room = height - 4;
      const most = Math.max(raise.value + lower.value, 1e-30);
      const above = Math.round(Math.min(0.8, Math.max(0.2, raise.value / most)) * room);
      const unit = Math.min(above / Math.max(raise.value, 1e-30), (room - above) / Math.max(lower.value, 1e-30));
      const bar = Math.max(1, geometry.pitch - 1 / surface.ratio);
      for (let f = 0; f < F; f++) {
        const zero = Math.round(f * height + 2 + above);
        context.fillStyle = palette.line2;
        context.fillRect(geometry.left, zero, geometry.now - geometry.left, 1);
        axisText(context, s, '0', zero);
        for (let at = first; at < s.end; at++) {
          const value = series.byFeature(at, f) * target.scale;
          const size = surface.snap(Math.abs(value) * unit);
          if (size < 0.5 / surface.ratio) continue;
          context.fillStyle = value > 0 ? palette.pos : stripes.pattern;
          context.fillRect(
            surface.snap(xOf(s, at) - geometry.pitch / 2),
            value > 0 ? zero - size : zero + 1,
            bar,
            size,
          );
        }
        place(s, f, f * height + (geometry.narrow ? 8 : height / 2));
      }
      track.lines(s);
    },
    write(s) {
      const words = `sum over ${s.series.window} ticks back, ${differenceUnit(s.target.unit) || 'its own unit'}; same scale in each row`;
      setText(track.note, s.geometry.narrow ? differenceUnit(s.target.unit) : words);
      track.summary(
        `For the newest tick: ${s.features
          .map((feature, f) => {
            const value = s.series.byFeature(s.end - 1, f) * s.target.scale;
            return `${feature.label} ${difference(signed(value, s.target.decimals), s.target.unit)}`;
          })
          .join(', ')}.`,
      );
    },
  };

  function rows(F: number): void {
    while (labels.length < F) {
      const name = el('span', 'name');
      const value = el('span', 'value');
      const mark = glyph('up');
      const row = track.label('feature');
      row.append(name, mark, value);
      labels.push({ row, name, value, mark });
    }
    for (const [f, label] of labels.entries()) show(label.row, f < F);
    const height = `${Math.max(F * ROW, 66)}px`;
    if (track.plot.style.minHeight !== height) track.plot.style.minHeight = height;
  }

  function place(s: Snapshot, f: number, y: number): void {
    const { row, name, value, mark } = labels[f]!;
    const effect = s.series.byFeature(s.focus, f) * s.target.scale;
    row.style.top = `${Math.round(y)}px`;
    row.style.left = `${s.geometry.narrow ? s.geometry.left + 4 : s.geometry.now + 10}px`;
    const tone = figure(effect, s.target.decimals).match(/[1-9]/) ? (effect > 0 ? 'raises' : 'lowers') : '';
    row.dataset.tone = tone;
    setText(name, capital(s.features[f]!.label));
    setText(value, signed(effect, s.target.decimals));
    setGlyph(mark, effect < 0 ? 'down' : 'up');
  }
}

/** Bars that lower are striped: sign without colour. */
function striped(context: CanvasRenderingContext2D, colour: string, ratio: number): CanvasPattern {
  const px = Math.max(1, Math.round(ratio));
  const tile = document.createElement('canvas');
  tile.width = 4;
  tile.height = 3 * px;
  const paint = tile.getContext('2d')!;
  paint.fillStyle = colour;
  paint.fillRect(0, 0, 4, 2 * px);
  const pattern = context.createPattern(tile, 'repeat')!;
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

/** Track 4: how far back the model looks: the effect of each whole past tick, by its age, an image column a tick. */
import { differenceUnit, figure } from '../../src/numbers.ts';
import { setText } from '../dom.ts';
import { ticks } from '../format.ts';
import { Bound } from '../scale.ts';
import type { Series } from '../series.ts';
import type { Panel } from '../snapshot.ts';
import { Surface } from '../surface.ts';
import type { Palette } from '../theme.ts';
import { axisText, makeTrack, placeLabel, verticals } from '../track.ts';
import type { View } from '../view.ts';

/** Ages whose effects all stay under this share of the largest are not drawn. */
const SMALLEST = 0.01;
/** A cell that lowers carries its mark from this share of the scale on. */
const MARKED = 0.06;

export function lagsPanel(host: HTMLElement, view: View): Panel {
  const track = makeTrack(host, view, 'lags');
  const surface = new Surface(track.plot, () => view.refresh());
  const label = track.label('two');
  const strong = label.appendChild(document.createElement('strong'));
  const small = label.appendChild(document.createElement('span'));
  const bound = new Bound();
  let image = new AgeImage(1);
  let rows = 8;
  let rescales = -1;
  setText(track.title, 'How far back it looks');
  setText(track.note, 'effect of each whole tick, by its age');

  return {
    draw(s) {
      const { series, palette, geometry, target } = s;
      const K = series.window;
      if (image.rows !== K) image = new AgeImage(K);
      if (rescales !== view.rescales) {
        rescales = view.rescales;
        bound.rescale();
        rows = Math.min(8, K);
      }
      const first = Math.max(s.first, series.end - 1024, 0);
      for (let at = first; at < s.end; at++)
        for (let age = 0; age < K; age++) bound.take(Math.abs(series.event(at, age)));
      for (let at = first; at < s.end; at++) {
        for (let age = K - 1; age >= rows; age--) {
          if (Math.abs(series.event(at, age)) < SMALLEST * bound.value) continue;
          rows = Math.min(K, Math.ceil((age + 1) / 4) * 4);
          break;
        }
      }
      const context = surface.begin();
      const top = 2;
      const bottom = surface.height - 4;
      const height = bottom - top;
      const row = height / rows;
      image.update(series, first, s.end, bound.value, palette);
      context.imageSmoothingEnabled = false;
      image.paint(context, s.first, s.end, rows, geometry.left, geometry.pitch, top, height);
      if (row >= 3 && geometry.pitch >= 5) {
        context.fillStyle = palette.mid;
        for (let at = first; at < s.end; at++) {
          for (let age = 0; age < rows; age++) {
            const value = series.event(at, age) * Math.sign(target.scale);
            if (value > -MARKED * bound.value) continue;
            const x = geometry.left + (at - s.first) * geometry.pitch;
            context.fillRect(x + 2, surface.snap(top + age * row + (row - 1) / 2), geometry.pitch - 4, 1);
          }
        }
      }
      verticals(context, { ...s, labels: [] }, top, bottom);
      axisText(context, s, geometry.narrow ? 'new' : 'newest', top + 6);
      for (const age of [Math.round(rows / 3), Math.round((2 * rows) / 3), rows - 1]) {
        axisText(context, s, `${age}${geometry.narrow ? '' : ' back'}`, Math.min(bottom - 5, top + (age + 0.5) * row));
      }
      const memory = series.memory[series.slot(s.focus)]!;
      setText(strong, geometry.narrow ? ticks(memory) : `memory ${ticks(memory)}`);
      setText(
        small,
        geometry.narrow ? '' : rows < K ? `effects older than ${rows - 1} are under 1 % of the largest` : '',
      );
      placeLabel(label, s, (top + bottom) / 2);
      track.lines(s);
    },
    write(s) {
      const memory = s.series.memory[s.series.slot(s.end - 1)]!;
      const largest = figure(bound.value * Math.abs(s.target.scale), s.target.decimals);
      track.summary(
        `The model's memory reaches ${ticks(memory)} back. The scale ends at ${largest} ${differenceUnit(s.target.unit)}.`,
      );
    },
  };
}

/** A ring of image columns, one a tick, newest age at the top; painted anew only when the scale or the palette changes. */
class AgeImage {
  readonly rows: number;
  readonly #canvas = document.createElement('canvas');
  readonly #context: CanvasRenderingContext2D;
  readonly #column: ImageData;
  /** Painted are ticks from the first of these to before the second. */
  #first = 0;
  #painted = -1;
  #key = '';

  constructor(rows: number) {
    this.rows = rows;
    this.#canvas.width = 512;
    this.#canvas.height = rows;
    this.#context = this.#canvas.getContext('2d')!;
    this.#column = this.#context.createImageData(1, rows);
  }

  update(series: Series, first: number, end: number, max: number, palette: Palette): void {
    const key = `${max} ${palette.version}`;
    const goesOn = key === this.#key && this.#first <= first && this.#painted >= first && this.#painted <= end;
    const from = goesOn ? this.#painted : first;
    if (!goesOn) this.#first = first;
    this.#key = key;
    const { data } = this.#column;
    for (let at = Math.max(from, end - 512); at < end; at++) {
      for (let age = 0; age < this.rows; age++) {
        const [r, g, b] = palette.diverging.colour(series.event(at, age), max);
        data[4 * age] = r;
        data[4 * age + 1] = g;
        data[4 * age + 2] = b;
        data[4 * age + 3] = 255;
      }
      this.#context.putImageData(this.#column, at % 512, 0);
    }
    this.#painted = end;
  }

  /** Copies ticks [first, end) to the target: at most two pieces of the ring, nearest neighbour. */
  paint(
    context: CanvasRenderingContext2D,
    first: number,
    end: number,
    rows: number,
    left: number,
    pitch: number,
    top: number,
    height: number,
  ): void {
    let at = Math.max(0, first);
    while (at < end) {
      const from = at % 512;
      const n = Math.min(512 - from, end - at);
      context.drawImage(this.#canvas, from, 0, n, rows, left + (at - first) * pitch, top, n * pitch, height);
      at += n;
    }
  }
}

/** One picture of everything for one frame, so that all panels show the same tick; and the x axis that tracks share. */
import type { WireShapley } from '../src/wire.ts';
import type { Quantity } from '../src/words.ts';
import type { TimeLabel } from './axis.ts';
import type { Link } from './connection.ts';
import type { Question } from './questions.ts';
import type { Series } from './series.ts';
import type { PageState } from './state.ts';
import type { Store } from './store.ts';
import type { Palette } from './theme.ts';

/** The shared x axis, CSS pixels from the left edge of a track's plot. One column a tick, of whole device pixels. */
export interface Geometry {
  width: number;
  left: number;
  pitch: number;
  /** Ticks in view, and the x of the now line behind the last of them. */
  count: number;
  now: number;
  narrow: boolean;
}

const MOST_IN_VIEW = 512;

export function geometryOf(width: number, ratio: number): Geometry {
  const narrow = width < 640;
  const left = narrow ? 42 : 58;
  const right = narrow ? 66 : 126;
  const room = Math.max(0, width - left - right);
  const wanted = Math.max(6, room / MOST_IN_VIEW);
  const pitch = Math.max(1, Math.round(wanted * ratio)) / ratio;
  const count = Math.max(1, Math.min(MOST_IN_VIEW, Math.floor(room / pitch + 1e-6)));
  return { width, left, pitch, count, now: left + count * pitch, narrow };
}

/** One tick with its explanation, copied: what is selected stays although the rings move on. */
export class Explained {
  /** Sequence number, -1 while there is none. */
  at = -1;
  time = Number.NaN;
  /** Number of the tick in its stream. */
  index = -1;
  prediction = Number.NaN;
  /** Cells (K, F); all zero while they are not `known`: this page was not there when they came. */
  cells = new Float32Array(0);
  known = false;
  /** Shapley values of whole ticks, where they are live and known of this tick. */
  shapley: WireShapley | null = null;
  inputs = new Float32Array(0);
  times = new Float64Array(0);
  /** Effects of whole ticks (K), and sums by feature (F). */
  events = new Float32Array(0);
  sums = new Float32Array(0);

  /** Copies tick `at`; false, and nothing changed, when nothing is kept of it. */
  load(series: Series, at: number): boolean {
    if (!series.hasAttribution(at)) return false;
    const cells = series.cells(at);
    if (this.at === at) return true;
    const { window: K, features: F } = series;
    if (this.cells.length !== K * F || this.times.length !== K) {
      this.cells = new Float32Array(K * F);
      this.inputs = new Float32Array(K * F);
      this.times = new Float64Array(K);
      this.events = new Float32Array(K);
      this.sums = new Float32Array(F);
    }
    this.at = at;
    this.time = series.time[series.slot(at)]!;
    this.index = series.index[series.slot(at)]!;
    this.prediction = series.prediction[series.slot(at)]!;
    this.known = cells !== null;
    const shapley = series.shapley(at);
    this.shapley = shapley && {
      ...shapley,
      values: shapley.values.slice(),
      standardErrors: shapley.standardErrors.slice(),
    };
    if (cells) this.cells.set(cells);
    else this.cells.fill(0);
    for (let k = 0; k < K; k++) {
      const past = at - (K - 1 - k);
      this.times[k] = series.has(past) ? series.time[series.slot(past)]! : Number.NaN;
      this.events[k] = series.event(at, K - 1 - k);
      for (let f = 0; f < F; f++) this.inputs[k * F + f] = series.input(past, f);
    }
    for (let f = 0; f < F; f++) this.sums[f] = series.byFeature(at, f);
    return true;
  }

  /** Takes in the cells (k, F) that were asked for: those of the newest k ticks. */
  fill(cells: readonly (readonly number[])[]): void {
    this.cells.fill(0);
    this.cells.set(cells.flat(), this.cells.length - cells.length * this.sums.length);
    this.known = true;
  }
}

export interface Snapshot {
  store: Store;
  series: Series;
  link: Link;
  state: PageState;
  palette: Palette;
  geometry: Geometry;
  /** One past the newest tick drawn, and the first in view (may be negative: before the first tick). */
  end: number;
  first: number;
  /** Boundaries of time within view. */
  labels: TimeLabel[];
  /** The tick under the pointer, the selected one, and the one whose values stand at the right. */
  hover: number | null;
  selected: number | null;
  focus: number;
  /** The newest explained tick, and the one the right column shows (the selected one, or the newest). */
  newest: Explained;
  explained: Explained;
  /** The method that is asked beside the live one, or null; and the question about the selected tick, if there is one. */
  method: string | null;
  question: Question | null;
  target: Quantity;
  features: Quantity[];
  paused: boolean;
  /** ms of `performance.now()`. */
  now: number;
}

/** Centre of a tick's column. */
export function xOf(s: Snapshot, at: number): number {
  return s.geometry.left + (at - s.first + 0.5) * s.geometry.pitch;
}

/** What a panel is: made once, drawn each frame that brings something new, written at most four times a second. */
export interface Panel {
  /** Charts. Not called before there are ticks. */
  draw?(snapshot: Snapshot): void;
  /** Words and figures. Not called before there are ticks. */
  write?(snapshot: Snapshot): void;
  /** State of connection and page; also called without ticks. */
  state?(state: PageState): void;
}

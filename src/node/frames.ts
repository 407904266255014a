import {
  frameLength,
  putFloats,
  putShapley,
  recordLength,
  shapleyLength,
  TickFlag,
  type WireShapley,
  type WireTick,
  writeHeader,
  writeTick,
} from '../wire.ts';

/** Ticks that one frame may carry. */
export const FRAME_TICKS = 512;

/**
 * The last ticks, encoded once, in a ring. Ticks are numbered from 0 in the order in which they were added; a frame is a
 * header and one or two copies out of the ring, whoever asks.
 */
export class Frames {
  readonly capacity: number;
  readonly #window: number;
  readonly #features: number;
  readonly #record: number;
  readonly #records: Uint8Array;
  readonly #view: DataView;
  readonly #received: Float64Array;
  readonly #cells: Float32Array;
  #hasCells = false;
  /** Shapley values of the newest tick, encoded. */
  readonly #shapley: Uint8Array<ArrayBuffer>;
  readonly #shapleyView: DataView;
  #hasShapley = false;
  #end = 0;
  #last: { from: number; to: number; live: boolean; dropped: number; bytes: Uint8Array } | null = null;

  constructor(window: number, features: number, capacity: number) {
    this.capacity = capacity;
    this.#window = window;
    this.#features = features;
    this.#record = recordLength(window, features);
    this.#records = new Uint8Array(capacity * this.#record);
    this.#view = new DataView(this.#records.buffer);
    this.#received = new Float64Array(capacity);
    this.#cells = new Float32Array(window * features);
    this.#shapley = new Uint8Array(shapleyLength(window));
    this.#shapleyView = new DataView(this.#shapley.buffer);
  }

  /** Number of the next tick. */
  get end(): number {
    return this.#end;
  }

  /** Number of the oldest tick that is still there. */
  get start(): number {
    return Math.max(0, this.#end - this.capacity);
  }

  /** @param cells (K, F) of this tick, and its Shapley values, or null where it has none; copied */
  add(tick: WireTick, cells: Float32Array | null, shapley: WireShapley | null = null): void {
    const slot = this.#end % this.capacity;
    writeTick(this.#view, slot * this.#record, tick);
    this.#received[slot] = tick.flags & TickFlag.history ? Number.NaN : tick.received;
    this.#hasCells = cells !== null;
    if (cells) this.#cells.set(cells);
    this.#hasShapley = cells !== null && shapley !== null;
    if (shapley) putShapley(this.#shapleyView, 0, shapley);
    this.#end++;
    this.#last = null;
  }

  /** When a tick was received, ms; NaN for warm-up, which comes in a flood and says nothing about delay. */
  received(number: number): number {
    return this.#received[number % this.capacity]!;
  }

  /** The frame of ticks [from, to), at most `FRAME_TICKS` of them; with cells where it ends with the newest tick. */
  frame(from: number, to: number, live: boolean, dropped: number): Uint8Array {
    const known = this.#last;
    if (known && known.from === from && known.to === to && known.live === live && known.dropped === dropped) {
      return known.bytes;
    }
    const n = to - from;
    const withCells = this.#hasCells && to === this.#end && n > 0;
    const kind: 'live' | 'backfill' = live ? 'live' : 'backfill';
    const shape = {
      kind,
      n,
      window: this.#window,
      features: this.#features,
      cellsAt: withCells ? n - 1 : null,
      shapley: withCells && this.#hasShapley,
      dropped,
    };
    const bytes = new Uint8Array(frameLength(shape));
    const view = new DataView(bytes.buffer);
    let at = writeHeader(view, shape);
    const slot = from % this.capacity;
    const first = Math.min(n, this.capacity - slot);
    bytes.set(this.#records.subarray(slot * this.#record, (slot + first) * this.#record), at);
    bytes.set(this.#records.subarray(0, (n - first) * this.#record), at + first * this.#record);
    at += n * this.#record;
    if (withCells) at = putFloats(view, at, this.#cells);
    if (shape.shapley) bytes.set(this.#shapley, at);
    this.#last = { from, to, live, dropped, bytes };
    return bytes;
  }
}

/**
 * What travels between a server and its dashboards: binary frames of ticks, and the JSON messages of `wire/messages.ts`.
 *
 * Frame, little endian, no padding; K and F as in the header:
 *
 *     offset  type         what
 *     0       u8           version (4)
 *     1       u8           kind: 0 live, 1 backfill (what happened before this client came)
 *     2       u16          n, ticks in this frame
 *     4       u16          K, window
 *     6       u16          F, features
 *     8       u32          position in the frame of the tick whose cells follow at the end, 0xffffffff for none
 *     12      u32          ticks that this client's queue has dropped so far (it was too slow)
 *     16      u32          1 where Shapley values of that tick follow its cells, else 0
 *     20      n records    each 68 + 4 (2F + K) bytes:
 *       +0    f64          event time, ms since 1970 UTC
 *       +8    f64          receive time, ms since 1970 UTC
 *       +16   u32          index: ticks that fed the model before this one
 *       +20   u32          flags: 1 warm-up, 2 a gap lies before it, 4 a reset lies before it, 8 has a held value, 16 explained
 *       +24   f32          prediction made at this tick (NaN: none yet)
 *       +28   f32          what had been predicted for this tick (NaN: none)
 *       +32   f32          what arrived (NaN: unknown)
 *       +36   f32          residual in units of its own expanding deviation (NaN: too early)
 *       +40   f32          drift statistic as a share of its threshold (NaN: no detector)
 *       +44   f32          oldest branch alive, in ticks: the effective memory
 *       +48   f32          lower end of the interval around the prediction made at this tick (NaN: none)
 *       +52   f32          its upper end
 *       +56   f32          lower end of what had been said for this tick (NaN: none)
 *       +60   f32          its upper end
 *       +64   f32          share of the attribution that rests on held values, 0 to 1
 *       +68   f32 x F      inputs of the model
 *       ...   f32 x F      attribution summed over ticks, by feature
 *       ...   f32 x K      attribution of whole ticks, oldest first
 *     end     f32 x K F    cells (K, F) of the one tick named above, oldest first
 *             f32 x 3      where Shapley values follow: output with every tick at its baseline, what older ticks add, gap
 *             f32 x K      Shapley values of whole ticks, oldest first
 *             f32 x K      standard errors of them
 */
import { DataError, invalid } from './errors.ts';

export type * from './wire/messages.ts';

export const WIRE_VERSION = 4;
const HEADER = 20;
/** Bytes of a record before its arrays. */
const FIGURES = 68;
const NONE = 0xffffffff;

export const TickFlag = { history: 1, gap: 2, reset: 4, held: 8, explained: 16 } as const;

/** One tick as a dashboard sees it. */
export interface WireTick {
  time: number;
  received: number;
  index: number;
  flags: number;
  prediction: number;
  predicted: number;
  arrived: number;
  sigma: number;
  drift: number;
  memory: number;
  low: number;
  high: number;
  predictedLow: number;
  predictedHigh: number;
  heldShare: number;
  input: Float32Array;
  byFeature: Float32Array;
  events: Float32Array;
}

export interface Frame {
  kind: 'live' | 'backfill';
  window: number;
  features: number;
  dropped: number;
  ticks: WireTick[];
  /** The tick whose cells are known, by its place in `ticks`, and the cells (K, F). */
  cells: { at: number; values: Float32Array } | null;
  /** Of the same tick. */
  shapley: WireShapley | null;
}

/** Shapley values of whole ticks, live: what `ShapleyAttribution` says of them. */
export interface WireShapley {
  noneOutput: number;
  remainder: number;
  gap: number;
  /** (K), oldest first. */
  values: Float32Array;
  standardErrors: Float32Array;
}

/** Bytes of one frame. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const { kind, ticks, window, features, dropped, cells } = frame;
  const shapley = cells && frame.shapley;
  const cellsAt = cells ? cells.at : null;
  const shape = { kind, n: ticks.length, window, features, cellsAt, shapley: shapley !== null, dropped };
  const bytes = new Uint8Array(frameLength(shape));
  const view = new DataView(bytes.buffer);
  let at = writeHeader(view, shape);
  for (const tick of ticks) at = writeTick(view, at, tick);
  if (cells) at = putFloats(view, at, cells.values);
  if (shapley) putShapley(view, at, shapley);
  return bytes;
}

/** What a frame's header says. */
export interface FrameShape extends Pick<Frame, 'kind' | 'window' | 'features' | 'dropped'> {
  n: number;
  /** The tick whose cells follow, by its place in the frame, or null. */
  cellsAt: number | null;
  /** Whether its Shapley values follow. */
  shapley: boolean;
}

/** Bytes of one tick's record. */
export function recordLength(window: number, features: number): number {
  return FIGURES + 4 * (2 * features + window);
}

/** Bytes of a frame. */
export function frameLength({ n, window, features, cellsAt, shapley }: FrameShape): number {
  const cells = cellsAt === null ? 0 : 4 * window * features;
  return HEADER + n * recordLength(window, features) + cells + (shapley ? shapleyLength(window) : 0);
}

/** Bytes of Shapley values. */
export function shapleyLength(window: number): number {
  return 4 * (3 + 2 * window);
}

/** Writes the header at the beginning of a frame. @returns where the first record goes */
export function writeHeader(view: DataView, shape: FrameShape): number {
  const { kind, n, window, features, cellsAt, shapley, dropped } = shape;
  view.setUint8(0, WIRE_VERSION);
  view.setUint8(1, kind === 'live' ? 0 : 1);
  view.setUint16(2, n, true);
  view.setUint16(4, window, true);
  view.setUint16(6, features, true);
  view.setUint32(8, cellsAt ?? NONE, true);
  view.setUint32(12, dropped, true);
  view.setUint32(16, shapley ? 1 : 0, true);
  return HEADER;
}

/** Writes one record. @returns where the next one goes */
export function writeTick(view: DataView, at: number, tick: WireTick): number {
  view.setFloat64(at, tick.time, true);
  view.setFloat64(at + 8, tick.received, true);
  view.setUint32(at + 16, tick.index, true);
  view.setUint32(at + 20, tick.flags, true);
  view.setFloat32(at + 24, tick.prediction, true);
  view.setFloat32(at + 28, tick.predicted, true);
  view.setFloat32(at + 32, tick.arrived, true);
  view.setFloat32(at + 36, tick.sigma, true);
  view.setFloat32(at + 40, tick.drift, true);
  view.setFloat32(at + 44, tick.memory, true);
  view.setFloat32(at + 48, tick.low, true);
  view.setFloat32(at + 52, tick.high, true);
  view.setFloat32(at + 56, tick.predictedLow, true);
  view.setFloat32(at + 60, tick.predictedHigh, true);
  view.setFloat32(at + 64, tick.heldShare, true);
  at = putFloats(view, at + FIGURES, tick.input);
  at = putFloats(view, at, tick.byFeature);
  return putFloats(view, at, tick.events);
}

/**
 * The frame that these bytes hold.
 * @throws DataError when the version is another one, or the length does not fit the header
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEADER)
    throw new DataError(invalid('frame', `${bytes.byteLength} bytes`, `at least ${HEADER}`));
  const version = view.getUint8(0);
  if (version !== WIRE_VERSION) throw new DataError(invalid('frame.version', version, String(WIRE_VERSION)));
  const n = view.getUint16(2, true);
  const K = view.getUint16(4, true);
  const F = view.getUint16(6, true);
  const cellsAt = view.getUint32(8, true);
  const hasCells = cellsAt !== NONE;
  const hasShapley = view.getUint32(16, true) === 1;
  const record = recordLength(K, F);
  const expected = HEADER + n * record + (hasCells ? 4 * K * F : 0) + (hasShapley ? shapleyLength(K) : 0);
  if (bytes.byteLength !== expected || (hasCells ? cellsAt >= n : hasShapley)) {
    throw new DataError(invalid('frame', `${bytes.byteLength} bytes`, `${expected} for ${n} ticks of ${K} x ${F}`));
  }
  const ticks: WireTick[] = [];
  let at = HEADER;
  for (let i = 0; i < n; i++) {
    ticks.push({
      time: view.getFloat64(at, true),
      received: view.getFloat64(at + 8, true),
      index: view.getUint32(at + 16, true),
      flags: view.getUint32(at + 20, true),
      prediction: view.getFloat32(at + 24, true),
      predicted: view.getFloat32(at + 28, true),
      arrived: view.getFloat32(at + 32, true),
      sigma: view.getFloat32(at + 36, true),
      drift: view.getFloat32(at + 40, true),
      memory: view.getFloat32(at + 44, true),
      low: view.getFloat32(at + 48, true),
      high: view.getFloat32(at + 52, true),
      predictedLow: view.getFloat32(at + 56, true),
      predictedHigh: view.getFloat32(at + 60, true),
      heldShare: view.getFloat32(at + 64, true),
      input: getFloats(view, at + FIGURES, F),
      byFeature: getFloats(view, at + FIGURES + 4 * F, F),
      events: getFloats(view, at + FIGURES + 8 * F, K),
    });
    at += record;
  }
  return {
    kind: view.getUint8(1) === 0 ? 'live' : 'backfill',
    window: K,
    features: F,
    dropped: view.getUint32(12, true),
    ticks,
    cells: hasCells ? { at: cellsAt, values: getFloats(view, at, K * F) } : null,
    shapley: hasShapley ? getShapley(view, at + 4 * K * F, K) : null,
  };
}

/** Writes Shapley values. @returns where what follows goes */
export function putShapley(view: DataView, at: number, shapley: WireShapley): number {
  for (const value of [shapley.noneOutput, shapley.remainder, shapley.gap]) {
    view.setFloat32(at, value, true);
    at += 4;
  }
  return putFloats(view, putFloats(view, at, shapley.values), shapley.standardErrors);
}

function getShapley(view: DataView, at: number, K: number): WireShapley {
  return {
    noneOutput: view.getFloat32(at, true),
    remainder: view.getFloat32(at + 4, true),
    gap: view.getFloat32(at + 8, true),
    values: getFloats(view, at + 12, K),
    standardErrors: getFloats(view, at + 12 + 4 * K, K),
  };
}

/** Little endian. @returns where what follows goes */
export function putFloats(view: DataView, at: number, values: Float32Array): number {
  for (let i = 0; i < values.length; i++, at += 4) view.setFloat32(at, values[i]!, true);
  return at;
}

function getFloats(view: DataView, at: number, length: number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++, at += 4) values[i] = view.getFloat32(at, true);
  return values;
}

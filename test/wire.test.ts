import { describe, expect, it } from 'vitest';
import { DataError } from '../src/errors.ts';
import { decodeFrame, encodeFrame, type Frame, frameLength, TickFlag, type WireTick } from '../src/wire.ts';

/** K = 3 past ticks, F = 2 features. */
function tick(changes: Partial<WireTick> = {}): WireTick {
  return {
    time: 1_491_177_600_000,
    received: 1_700_000_000_000.25,
    index: 4096,
    flags: TickFlag.gap | TickFlag.explained,
    prediction: 0.5,
    predicted: 0.25,
    arrived: -2,
    sigma: Number.NaN,
    drift: 1,
    memory: 17,
    low: -0.5,
    high: 1.5,
    predictedLow: Number.NaN,
    predictedHigh: 2.5,
    heldShare: 0.5,
    input: Float32Array.of(1, 2),
    byFeature: Float32Array.of(3, 4),
    events: Float32Array.of(5, 6, 7),
    ...changes,
  };
}

const frame: Frame = {
  kind: 'live',
  window: 3,
  features: 2,
  dropped: 9,
  ticks: [tick(), tick({ index: 4097, flags: 0 })],
  cells: { at: 1, values: Float32Array.of(1, 2, 3, 4, 5, 6) },
  shapley: {
    noneOutput: 0.125,
    remainder: -0.5,
    gap: 0.25,
    values: Float32Array.of(7, 8, 9),
    standardErrors: Float32Array.of(0.5, 0, 2),
  },
};

describe('a frame', () => {
  it('is what was sent', () => {
    expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
  });

  it.each<[string, Partial<Frame>]>([
    ['backfill without cells', { kind: 'backfill', cells: null, shapley: null }],
    ['without ticks', { ticks: [], cells: null, shapley: null }],
    ['without Shapley values', { shapley: null }],
  ])('%s too', (_name, changes) => {
    expect(decodeFrame(encodeFrame({ ...frame, ...changes }))).toEqual({ ...frame, ...changes });
  });

  it('without a model has neither features nor window', () => {
    const empty = tick({ input: new Float32Array(), byFeature: new Float32Array(), events: new Float32Array() });
    const bare = { ...frame, window: 0, features: 0, ticks: [empty], cells: null, shapley: null };
    expect(decodeFrame(encodeFrame(bare))).toEqual(bare);
  });

  it('is laid out as the page on it says', () => {
    const bytes = encodeFrame(frame);
    const view = new DataView(bytes.buffer);
    const record = 68 + 4 * (2 * 2 + 3);
    expect(bytes.length).toBe(20 + 2 * record + 4 * 6 + 4 * (3 + 2 * 3));
    expect(frameLength({ ...frame, n: 2, cellsAt: 1, shapley: true })).toBe(bytes.length);
    expect([...bytes.subarray(0, 20)]).toEqual([4, 0, 2, 0, 3, 0, 2, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0]);
    expect(view.getFloat64(20, true)).toBe(1_491_177_600_000);
    expect(view.getUint32(20 + 16, true)).toBe(4096);
    expect(view.getFloat32(20 + 52, true)).toBe(1.5); // upper end of the interval
    expect(view.getFloat32(20 + 60, true)).toBe(2.5); // of what had been said
    expect(view.getFloat32(20 + 64, true)).toBe(0.5); // of held values
    expect(view.getFloat32(20 + 68 + 4, true)).toBe(2); // second input
    expect(view.getFloat32(20 + 68 + 8, true)).toBe(3); // first by feature
    expect(view.getFloat32(20 + 68 + 16, true)).toBe(5); // first event
    expect(view.getUint32(20 + record + 16, true)).toBe(4097);
    const end = 20 + 2 * record + 4 * 6;
    expect(view.getFloat32(end - 4, true)).toBe(6); // last cell
    expect(view.getFloat32(end, true)).toBe(0.125); // output with every tick at its baseline
    expect(view.getFloat32(end + 12, true)).toBe(7); // first Shapley value
    expect(view.getFloat32(bytes.length - 4, true)).toBe(2); // last standard error
  });

  it('may lie anywhere in a larger buffer', () => {
    const bytes = encodeFrame(frame);
    const inside = new Uint8Array(bytes.length + 7);
    inside.set(bytes, 5);
    expect(decodeFrame(inside.subarray(5, 5 + bytes.length))).toEqual(frame);
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
    ['of another version', (bytes) => bytes.fill(1, 0, 1), 'invalid frame.version: 1 (expected 4)'],
    ['cut in its header', (bytes) => bytes.subarray(0, 19), "invalid frame: '19 bytes' (expected at least 20)"],
    ['cut at its end', (bytes) => bytes.subarray(0, -1), 'invalid frame: '],
    ['with something behind', (bytes) => Uint8Array.of(...bytes, 0), 'invalid frame: '],
    ['whose cells belong to no tick of it', (bytes) => bytes.fill(2, 8, 9), 'invalid frame: '],
    ['with Shapley values of no tick', (bytes) => bytes.fill(255, 8, 12), 'invalid frame: '],
    ['that promises more than it has', (bytes) => bytes.fill(255, 2, 3), 'invalid frame: '],
  ])('%s is refused', (_name, damage, message) => {
    const damaged = damage(encodeFrame(frame));
    expect(() => decodeFrame(damaged)).toThrow(DataError);
    expect(() => decodeFrame(damaged)).toThrow(message);
  });
});

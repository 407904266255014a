import { TickFlag, type WireTick } from '../../src/wire.ts';

/** A tick with figures that tell where it came from: everything follows from its index. */
export function tick(index: number, changes: Partial<WireTick> = {}, K = 4, F = 2): WireTick {
  return {
    time: 1000 * index,
    received: 5000 + index,
    index,
    flags: TickFlag.explained,
    prediction: index + 1,
    predicted: index,
    arrived: index + 0.5,
    sigma: 0,
    drift: 0,
    memory: 3,
    predictedLow: index - 1,
    predictedHigh: index + 1,
    heldShare: 0,
    low: index,
    high: index + 2,
    input: Float32Array.from({ length: F }, (_, f) => index * 10 + f),
    byFeature: Float32Array.from({ length: F }, (_, f) => index + f / 10),
    events: Float32Array.from({ length: K }, (_, k) => index + k / 10),
    ...changes,
  };
}

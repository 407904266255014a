/** Damaged copies of a file, the same for the same seed. A reader must answer each with a model or a ModelError. */

/**
 * Yields `count` copies of `bytes`, each with one to four damages: flipped bits, other bytes, cuts, pieces moved,
 * runs of zeros or ones, huge numbers in place of others. Half of them hit the first or the last kilobyte, where
 * headers and directories lie.
 */
export function* mutations(bytes: Uint8Array, count: number, seed: number): Generator<Uint8Array> {
  const below = dice(seed);
  for (let i = 0; i < count; i++) {
    let copy = new Uint8Array(bytes);
    const times = 1 + below(4);
    for (let n = 0; n < times && copy.length > 0; n++) copy = damages[below(damages.length)]!(copy, below);
    yield copy;
  }
}

/** Gives a whole number below n. */
type Below = (n: number) => number;
type Damage = (bytes: Uint8Array<ArrayBuffer>, below: Below) => Uint8Array<ArrayBuffer>;

/** Sizes and offsets that overflow, wrap around, or claim gigabytes. */
const huge = [0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 1n << 53n, 1n << 63n, (1n << 64n) - 1n];

const damages: readonly Damage[] = [
  function flipBit(bytes, below) {
    bytes[place(bytes, below)]! ^= 1 << below(8);
    return bytes;
  },
  function setByte(bytes, below) {
    bytes[place(bytes, below)] = below(256);
    return bytes;
  },
  function truncate(bytes, below) {
    return bytes.slice(0, place(bytes, below));
  },
  function drop(bytes, below) {
    const at = place(bytes, below);
    const end = at + 1 + below(64);
    const rest = bytes.slice(end);
    bytes.set(rest, at);
    return bytes.slice(0, at + rest.length);
  },
  function splice(bytes, below) {
    const from = place(bytes, below);
    const piece = bytes.slice(from, from + 1 + below(256));
    const at = place(bytes, below);
    bytes.set(piece.subarray(0, bytes.length - at), at);
    return bytes;
  },
  function zeros(bytes, below) {
    const at = place(bytes, below);
    return bytes.fill(0, at, at + 1 + below(64));
  },
  function ones(bytes, below) {
    const at = place(bytes, below);
    return bytes.fill(0xff, at, at + 1 + below(64));
  },
  function hugeNumber(bytes, below) {
    const view = new DataView(bytes.buffer);
    const value = huge[below(huge.length)]!;
    const width = below(2) ? 8 : 4;
    // sizes and offsets mostly lie at even places; big endian ones are rare
    const at = place(bytes, below) & ~1;
    if (at + width > bytes.length) return bytes;
    if (width === 8) view.setBigUint64(at, value, below(4) > 0);
    else view.setUint32(at, Number(value & 0xffff_ffffn), below(4) > 0);
    return bytes;
  },
  function smallNumber(bytes, below) {
    // an offset that points elsewhere in the file, a count that is somewhat off
    const at = place(bytes, below) & ~1;
    if (at + 4 > bytes.length) return bytes;
    new DataView(bytes.buffer).setUint32(at, below(2) ? below(bytes.length) : below(64), true);
    return bytes;
  },
];

/** Where to damage: half of the time near one of the ends. */
function place(bytes: Uint8Array, below: Below): number {
  const near = Math.min(bytes.length, 1024);
  const choice = below(4);
  if (choice === 0) return below(near);
  if (choice === 1) return bytes.length - 1 - below(near);
  return below(bytes.length);
}

/** Mulberry32: 32 bits of state, the same numbers for the same seed everywhere. */
function dice(seed: number): Below {
  return (n) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * n);
  };
}

/** Worlds as branches of one model, see `worlds.ts`. */
import { Model, type Snapshot } from '../model/graph.ts';
import type { Question } from './method.ts';

export class WorldTree {
  /** Worlds of a run, at most. */
  readonly size: number;
  readonly #model: Model;
  readonly #F: number;
  readonly #K: number;
  /** The state that the ticks before the window leave. */
  readonly #origin: Snapshot;
  /** The branch that each world is, and the input row it is given. */
  readonly #branch: Int32Array;
  readonly #row: Int32Array;
  /** The branch that each branch was before this tick, its row, and the world that each row was first seen in. */
  readonly #parent: Int32Array;
  readonly #branchRow: Int32Array;
  readonly #first: Int32Array;
  /** Open addressing: places of rows, and of branches. -1: free. */
  readonly #rows: Int32Array;
  readonly #children: Int32Array;

  /** @param B worlds of a run, at most */
  constructor(question: Question, B: number) {
    this.size = B;
    const { kernels, spec, score, windowed, start, before, ticks } = question;
    this.#F = spec.inputs;
    this.#K = ticks.length;
    const window = windowed ? before.length + ticks.length : null;
    this.#model = new Model(kernels, spec, { branches: B, inputRows: B, score, window });
    if (start) this.#model.restore(start);
    for (const x of before) this.#model.stepOne(x);
    this.#origin = this.#model.snapshot();
    [this.#branch, this.#row, this.#parent, this.#branchRow, this.#first] = Array.from(
      { length: 5 },
      () => new Int32Array(B),
    ) as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];
    const places = 2 << (32 - Math.clz32(B));
    this.#rows = new Int32Array(places);
    this.#children = new Int32Array(places);
  }

  /**
   * Runs n worlds.
   * @param windows (n, K, F) @param keep the outputs that are wanted @param values (n, kept), to be written
   * @returns branch-ticks stepped
   */
  run(windows: Float32Array, n: number, keep: readonly number[], values: Float32Array): number {
    const model = this.#model;
    const bits = new Uint32Array(windows.buffer, windows.byteOffset, n * this.#K * this.#F);
    model.restore(this.#origin);
    this.#branch.fill(0, 0, n);
    let branches = 1;
    let evaluations = 0;
    for (let k = 0; k < this.#K; k++) {
      const R = this.#tellRows(windows, bits, n, k);
      branches = this.#part(n, branches);
      for (let b = 0; b < branches; b++) {
        model.slots[b] = b;
        model.inputRow[b] = this.#branchRow[b]!;
      }
      model.step(branches, R);
      evaluations += branches;
    }
    const O = keep.length;
    for (let w = 0; w < n; w++) {
      for (let i = 0; i < O; i++) values[w * O + i] = model.value(this.#branch[w]!, keep[i]!);
    }
    return evaluations;
  }

  /** Numbers the distinct rows of tick k, and makes them the model's inputs. @returns how many there are */
  #tellRows(windows: Float32Array, bits: Uint32Array, n: number, k: number): number {
    const [F, K] = [this.#F, this.#K];
    const rows = this.#rows.fill(-1);
    const mask = rows.length - 1;
    let R = 0;
    for (let w = 0; w < n; w++) {
      const at = (w * K + k) * F;
      let hash = 0x811c9dc5;
      for (let f = 0; f < F; f++) hash = mix(hash, bits[at + f]!);
      let place = hash & mask;
      while (rows[place]! >= 0 && !same(bits, at, (this.#first[rows[place]!]! * K + k) * F, F))
        place = (place + 1) & mask;
      if (rows[place]! < 0) {
        rows[place] = R;
        this.#first[R] = w;
        this.#model.input.set(windows.subarray(at, at + F), R * this.#model.inputStride);
        R++;
      }
      this.#row[w] = rows[place]!;
    }
    return R;
  }

  /** Parts the branches whose worlds differ at this tick: the first child keeps the slot. @returns how many there are then */
  #part(n: number, branches: number): number {
    const children = this.#children.fill(-1);
    const mask = children.length - 1;
    this.#parent.fill(-1, 0, branches);
    let next = branches;
    for (let w = 0; w < n; w++) {
      const [parent, row] = [this.#branch[w]!, this.#row[w]!];
      let place = mix(mix(0x811c9dc5, parent), row) & mask;
      for (; children[place]! >= 0; place = (place + 1) & mask) {
        const child = children[place]!;
        if (this.#parent[child] === parent && this.#branchRow[child] === row) break;
      }
      if (children[place]! < 0) {
        const slot = this.#parent[parent]! < 0 ? parent : next++;
        if (slot !== parent) this.#model.fork(parent, slot, 1);
        this.#parent[slot] = parent;
        this.#branchRow[slot] = row;
        children[place] = slot;
      }
      this.#branch[w] = children[place]!;
    }
    return next;
  }
}

function mix(hash: number, value: number): number {
  const h = Math.imul(hash ^ value, 0x01000193);
  return (h ^ (h >>> 15)) >>> 0;
}

function same(bits: Uint32Array, a: number, b: number, F: number): boolean {
  for (let f = 0; f < F; f++) if (bits[a + f] !== bits[b + f]) return false;
  return true;
}

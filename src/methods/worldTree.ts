/** Worlds as branches of one model, see `worlds.ts`. */
import { Model, type Snapshot } from '../model/graph.ts';
import { DistinctRows } from './distinctRows.ts';
import type { Question } from './method.ts';

export class WorldTree {
  /** Worlds of a run, at most. */
  readonly size: number;
  readonly #rows: DistinctRows;
  readonly #model: Model;
  readonly #F: number;
  readonly #K: number;
  /** The state that the ticks before the window leave. */
  readonly #origin: Snapshot;
  /** The branch that each world is. */
  readonly #branch: Int32Array;
  /** The branch that each branch was before this tick (-1: it has no child yet), and the row that it is given. */
  readonly #parent: Int32Array;
  readonly #branchRow: Int32Array;
  /** Open addressing: branches by parent and row. -1: free. */
  readonly #children: Int32Array;
  readonly #shift: number;
  #worlds = 0;

  /** @param B worlds of a run, at most */
  constructor(question: Question, B: number) {
    const { kernels, spec, score, windowed, start, before, ticks } = question;
    this.size = B;
    this.#F = spec.inputs;
    this.#K = ticks.length;
    this.#rows = new DistinctRows(this.#K, B, this.#F);
    const window = windowed ? before.length + ticks.length : null;
    this.#model = new Model(kernels, spec, { branches: B, inputRows: B, score, window });
    if (start) this.#model.restore(start);
    for (const x of before) this.#model.stepOne(x);
    this.#origin = this.#model.snapshot();
    this.#branch = new Int32Array(B);
    this.#parent = new Int32Array(B);
    this.#branchRow = new Int32Array(B);
    const bits = 33 - Math.clz32(B);
    this.#children = new Int32Array(1 << bits);
    this.#shift = 32 - bits;
  }

  /** A world for the next run. @param window the bits of its values (K, F) */
  add(window: Uint32Array): void {
    this.#rows.add(window);
    this.#worlds++;
  }

  /**
   * Runs the worlds that were added since the last run.
   * @param keep the outputs that are wanted @param values (n, kept), to be written
   * @returns branch-ticks stepped
   */
  run(keep: readonly number[], values: Float32Array): number {
    const model = this.#model;
    const n = this.#worlds;
    model.restore(this.#origin);
    this.#branch.fill(0, 0, n);
    let branches = 1;
    let evaluations = 0;
    for (let k = 0; k < this.#K; k++) {
      const R = this.#give(k);
      branches = R > 1 ? this.#part(k, R, branches) : this.#goOn(branches);
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
    this.#rows.clear();
    this.#worlds = 0;
    return evaluations;
  }

  /** Makes the distinct rows of tick k the model's inputs. @returns how many there are */
  #give(k: number): number {
    const { counts, values } = this.#rows;
    const { input, inputStride } = this.#model;
    const F = this.#F;
    const R = counts[k]!;
    for (let r = 0; r < R; r++) {
      const from = (k * this.size + r) * F;
      for (let f = 0; f < F; f++) input[r * inputStride + f] = values[from + f]!;
    }
    return R;
  }

  /** All branches are given the one row there is. */
  #goOn(branches: number): number {
    this.#branchRow.fill(0, 0, branches);
    return branches;
  }

  /** Parts the branches whose worlds differ at tick k: the first child keeps the slot. @returns how many there are then */
  #part(k: number, R: number, branches: number): number {
    const children = this.#children.fill(-1);
    const mask = children.length - 1;
    this.#parent.fill(-1, 0, branches);
    const rows = this.#rows.of.subarray(k * this.size);
    let next = branches;
    for (let w = 0; w < this.#worlds; w++) {
      const [parent, row] = [this.#branch[w]!, rows[w]!];
      let place = Math.imul(parent * R + row, 0x9e3779b1) >>> this.#shift;
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

/**
 * A model that runs: layers x branches over one arena. Slot 0 is the world as observed; every other slot is a branch, a
 * world in which something was occluded. All that are named in `slots` are stepped at once.
 */
import { ConfigError, invalid, ModelError } from '../errors.ts';
import type { Arena, Kernels } from '../kernels.ts';
import { checkModel } from './formats/check.ts';
import { type Batch, floats, pad, type Rows } from './layers/layer.ts';
import { constants } from './layers/taped.ts';
import { Parameters } from './parameters.ts';
import { Plan, type Shown, type Snapshot } from './plan.ts';
import type { LayerSpec, ModelSpec } from './spec.ts';
import { firstWindowed, outputWidth, whyWindowed, wire } from './wiring.ts';

export type { Snapshot } from './plan.ts';

export interface ModelOptions {
  /** B, the most branches alive at once, branch 0 included. */
  branches?: number;
  /** R, the most distinct inputs of one tick. */
  inputRows?: number;
  /** `logit` leaves the final activation out; `raw` and `probability` are what the model's file says. */
  score?: 'raw' | 'probability' | 'logit';
  /** T, for a model that needs a complete window and whose file fixes none. */
  window?: number | null;
  /** Weights are parameters that may change while it runs. */
  learns?: boolean;
}

const NONE = new Float32Array(0);

export class Model {
  /** F and O. */
  readonly inputs: number;
  readonly outputs: number;
  /** T where an output exists at the end of a window only, else null. */
  readonly window: number | null;
  /** Distinct inputs of a tick (R, inputStride); row 0 is the observed one. Write, then step. */
  readonly input: Float32Array;
  readonly inputStride: number;
  /** Which branches are stepped (B), and which input row each of them is given (B). */
  readonly slots: Int32Array;
  readonly inputRow: Int32Array;
  /** The slot that each slot is compared with by `difference` and `settle` (B): 0, the world as observed, unless told otherwise. */
  readonly base: Int32Array;
  /** One effect a slot (B), as `difference` leaves it. */
  readonly effect: Float32Array;
  /** Where the model learns: write values, then call `write`. */
  readonly parameters: Parameters | null = null;
  /** One baseline (F), as `spread` takes it. */
  readonly baseline: Float32Array;

  readonly #arena: Arena;
  readonly #plan: Plan;
  readonly #batch: Batch;
  readonly #x: Rows;
  readonly #baselineAt: number;
  readonly #baseAt: number;
  readonly #effectAt: number;
  readonly #farAt: number;
  readonly #far: Int32Array;
  readonly #heap: Float32Array;
  /** Ticks since the last reset, and whether what needs the complete window has been done for them. */
  #ticks = 0;
  #finished = false;

  /**
   * @throws ModelError when shapes or layers do not fit, naming the layer; ConfigError for a model that needs a window and
   *   is given none
   */
  constructor(
    kernels: Kernels,
    spec: ModelSpec,
    { branches: B = 1, inputRows: R = 1, score = 'raw', window = null, learns = false }: ModelOptions = {},
  ) {
    if (spec.blackBox) throw new ModelError(invalid(spec.name, 'a black box', 'a model of layers'));
    const scored = { ...spec, layers: withScore(spec.layers, score), window: window ?? spec.window };
    checkModel({ ...scored, mode: 'windowed' }, spec.name);
    const arena = kernels.arena();
    if (learns) this.parameters = new Parameters(arena, scored.layers, spec.name);
    const wired = wire({ ...scored, layers: this.parameters?.layers ?? scored.layers }, spec.name);
    const needsWindow = firstWindowed(wired) !== null;
    if (needsWindow && scored.window === null) {
      throw new ConfigError(invalid('window', undefined, `a number of ticks: ${whyWindowed(spec)}`));
    }
    const T = needsWindow ? scored.window! : 0;

    this.#arena = arena;
    this.inputs = spec.inputs;
    this.outputs = outputWidth(wired);
    this.window = T || null;
    this.inputStride = pad(spec.inputs);
    try {
      this.#x = { at: arena.alloc(4 * R * this.inputStride), stride: this.inputStride, mask: 0, maskStride: 0 };
      this.#batch = { slots: arena.alloc(4 * B), n: 0, inputRow: arena.alloc(4 * B), rows: arena.alloc(4 * R), R: 1 };
      this.#baselineAt = arena.alloc(4 * this.inputs);
      this.#baseAt = arena.alloc(4 * B);
      this.#effectAt = arena.alloc(4 * B);
      this.#farAt = arena.alloc(4 * B);
      this.#plan = new Plan(wired, {
        arena,
        weights: this.parameters ?? constants(arena),
        B,
        R,
        T,
        input: this.#x,
        inputs: spec.inputs,
      });
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      const expected = `a model, a window and branches that fit into 4 GB: ${B} branches${T ? ` of ${T} ticks` : ''} do not`;
      throw new ModelError(invalid(spec.name, 'too large', expected), { cause });
    }

    // nothing allocates from here on, so that views stay attached
    const buffer = arena.memory.buffer;
    this.#heap = new Float32Array(buffer);
    new Int32Array(buffer, this.#batch.rows, R).forEach((_, r, rows) => {
      rows[r] = r;
    });
    this.input = floats(arena, this.#x.at, R * this.inputStride);
    this.slots = new Int32Array(buffer, this.#batch.slots, B);
    this.inputRow = new Int32Array(buffer, this.#batch.inputRow, B);
    this.base = new Int32Array(buffer, this.#baseAt, B);
    this.effect = floats(arena, this.#effectAt, B);
    this.baseline = floats(arena, this.#baselineAt, this.inputs);
    this.#far = new Int32Array(buffer, this.#farAt, B);
  }

  /** Bytes of the arena: constant after construction. */
  get bytes(): number {
    return this.#arena.memory.buffer.byteLength;
  }

  /** Every state to zero, as before the first tick. */
  reset(): void {
    this.#plan.reset();
    this.#ticks = 0;
    this.#finished = false;
  }

  /** Slots `to` .. `to` + count - 1 begin with the state that slot `from` has now. */
  fork(from: number, to: number, count: number): void {
    for (const states of this.#plan.states) {
      for (const { at, stride } of states) this.#arena.fork(at, stride, from, to, count);
    }
  }

  /** The state that a slot has now; `restore` gives it back, to this model or to another of the same layers. */
  snapshot(slot = 0): Snapshot {
    return { ...this.#plan.snapshot(slot), ticks: this.#ticks };
  }

  /** Branch 0 begins with the state of a snapshot; what the other slots hold has no meaning until they are forked. */
  restore(snapshot: Snapshot): void {
    this.#plan.restore(snapshot);
    this.#ticks = snapshot.ticks;
    this.#finished = false;
  }

  /** From the observed input (row 0) and `baseline`: row 1 + f occludes feature f, row F + 1 the whole tick. */
  spread(): void {
    this.#arena.spread(this.#x.at, this.inputStride, this.#baselineAt, this.inputs);
  }

  /** One step of the first n branches of `slots`, on the first R rows of `input`. */
  step(n: number, R: number): void {
    if (this.window !== null && this.#ticks === this.window)
      throw new RangeError(`the window of ${this.window} ticks is complete: reset first`);
    this.#batch.n = n;
    this.#batch.R = R;
    this.#plan.step(this.#batch, this.#ticks);
    this.#ticks++;
    this.#finished = false;
  }

  /**
   * One step of branch 0 alone.
   * @param x (F)
   * @returns its outputs (O) in a view that the next step overwrites; none while a window that is needed is not complete
   */
  stepOne(x: ArrayLike<number>): Float32Array {
    this.input.set(x);
    this.slots[0] = 0;
    this.inputRow[0] = 0;
    this.step(1, 1);
    return this.window !== null && this.#ticks < this.window ? NONE : this.output(0);
  }

  /**
   * Outputs (O) of one branch of the last step, in a view that the next step overwrites; of several axes a copy.
   * @throws RangeError for a model that needs a window before it is complete
   */
  output(slot: number): Float32Array {
    const { at, stride } = this.#out();
    const from = at / 4 + slot * stride;
    if (this.#plan.outputWidth === this.outputs) return this.#heap.subarray(from, from + this.outputs);
    return Float32Array.from({ length: this.outputs }, (_, target) => this.#heap[from + this.#place(target)]!);
  }

  /** One output of one branch. */
  value(slot: number, target: number): number {
    const { at, stride } = this.#out();
    return this.#heap[at / 4 + slot * stride + this.#place(target)]!;
  }

  /** effect[s] = output[base[s]] - output[s] of the target, for the first n branches of `slots`. */
  difference(n: number, target: number): void {
    const { at, stride } = this.#out();
    this.#arena.difference(this.#effectAt, at, stride, this.#batch.slots, this.#baseAt, n, this.#place(target));
  }

  /**
   * Which of the first n branches have come within eps of their base, in every unit of every state?
   * @returns one number a branch: 0 for those that have
   */
  settle(n: number, eps: number): Int32Array {
    this.#far.fill(0, 0, n);
    for (const states of this.#plan.states) {
      for (const { at, stride, units, exact } of states)
        this.#arena.settle(this.#farAt, at, stride, units, this.#batch.slots, this.#baseAt, n, exact ? 0 : eps);
    }
    return this.#far;
  }

  /** hidden, cell and gates (after their activations) of branch 0, a recurrent layer each, bottom first. */
  internals(): Shown[] {
    if (this.window !== null) this.#out();
    return this.#plan.shown();
  }

  /** Whether a layer of it attends. */
  get hasAttention(): boolean {
    return this.#plan.attends;
  }

  /** Attention weights (T) of branch 0, a list of heads a layer; of several queries those of the last. */
  attention(): Float32Array[][] {
    if (this.window !== null) this.#out();
    return this.#plan.attention();
  }

  /** What the last query of each attention layer took from the ticks: its context, in branch 0. */
  contexts(): Float32Array[] {
    if (this.window !== null) this.#out();
    return this.#plan.contexts().map(({ at, width }) => floats(this.#arena, at, width).slice());
  }

  /** Where an output stands in its row. */
  #place(target: number): number {
    const { outputWidth: width, outputTick: tick } = this.#plan;
    return target < width ? target : Math.floor(target / width) * tick + (target % width);
  }

  #out(): Rows {
    if (this.window !== null && !this.#finished) {
      if (this.#ticks !== this.window)
        throw new RangeError(`${this.#ticks} of the window's ${this.window} ticks: no output yet`);
      this.#plan.finish(this.#batch);
      this.#finished = true;
    }
    return this.#plan.output();
  }
}

/** Kinds that give the values of what is below as they are. */
export const PASSES: readonly string[] = ['dropout', 'flatten', 'last', 'reshape'];

/** The layers with the last one's activation left out where the score is a logit. */
export function withScore(layers: LayerSpec[], score: string): LayerSpec[] {
  if (score !== 'logit') return layers;
  const at = layers.findLastIndex(({ kind }) => !PASSES.includes(kind));
  return layers.map((layer, i) => {
    if (i !== at) return layer;
    if (layer.kind === 'activation') return { ...layer, activation: 'linear', alpha: null };
    return layer.kind === 'dense' ? { ...layer, activation: 'linear' } : layer;
  });
}

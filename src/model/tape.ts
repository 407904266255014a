/**
 * A model run over whole windows, everything kept that its gradient needs, and run backward: the gradient of an output with
 * respect to every input of every tick (backpropagation through time), or that of a loss with respect to every weight.
 */
import { ConfigError, invalid, ModelError } from '../errors.ts';
import type { Arena, Kernels } from '../kernels.ts';
import { checkModel } from './formats/check.ts';
import { Model, withScore } from './graph.ts';
import { kindOf } from './layers/index.ts';
import { allocTaped, constants, type TapeContext, type Taped, type TapeLayer } from './layers/taped.ts';
import { Parameters, trainable, whyNoTraining } from './parameters.ts';
import type { Snapshot } from './plan.ts';
import { TICKS } from './shape.ts';
import type { ModelSpec } from './spec.ts';
import { firstWindowed, type Wired, wire } from './wiring.ts';

export interface TapeOptions {
  /** N, most windows at once. */
  branches: number;
  /** K, ticks of a window. */
  ticks: number;
  /** `logit` leaves the final activation out; `raw` and `probability` are what the model's file says. */
  score?: 'raw' | 'probability' | 'logit';
  /** T, for a model that needs a complete window and whose file fixes none; `ticks` where nothing is said. */
  window?: number | null;
  /** Weights are parameters that are learnt: their gradients are what `descend` leaves, not those of inputs. */
  learns?: boolean;
}

/** A layer as it lies on a tape. */
export interface Laid extends Wired {
  tape: TapeLayer;
  /** What comes in. */
  taken: readonly Taped[];
  /** Neither it nor anything below it learns, where the model does. */
  still: boolean;
}

export class Tape {
  /** N, K, F and O. */
  readonly branches: number;
  readonly ticks: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Where the model learns. */
  readonly parameters: Parameters | null = null;
  readonly arena: Arena;

  readonly #kernels: Kernels;
  readonly #spec: ModelSpec;
  readonly #wired: readonly Wired[];
  readonly #windowed: boolean;
  readonly #layers: Laid[] = [];
  readonly #values: Taped[] = [];
  readonly #input: Taped;
  readonly #output: Taped;
  /** Rows of the output: of [4, 3] four, of a sequence of ticks the last. */
  readonly #rows: number;
  #heap: Float32Array;
  /** The model alone, for the ticks before a window. */
  #before: Model | null = null;
  /** Windows of the last forward. */
  #n = 0;

  /**
   * @throws ModelError when shapes or layers do not fit, or the windows do not fit into memory; ConfigError for a model through
   *   which no gradient passes, or one that needs windows of another length
   */
  constructor(
    kernels: Kernels,
    spec: ModelSpec,
    { branches, ticks, score = 'raw', window = null, learns = false }: TapeOptions,
  ) {
    const reason = learns ? whyNoTraining(spec) : whyNoGradient(spec);
    if (reason) throw new ConfigError(invalid('model', spec.name, `one with a gradient: ${reason}`));
    const T = window ?? spec.window ?? ticks;
    const scored = { ...spec, layers: withScore(spec.layers, score), window: T };
    checkModel({ ...scored, mode: 'windowed' }, spec.name);
    this.#kernels = kernels;
    this.#spec = spec;
    const arena = kernels.arena();
    this.arena = arena;
    if (learns) this.parameters = new Parameters(arena, scored.layers, spec.name);
    this.#wired = wire({ ...scored, layers: this.parameters?.layers ?? scored.layers }, spec.name);
    this.#windowed = firstWindowed(this.#wired) !== null;
    if (this.#windowed && T !== ticks)
      throw new ConfigError(invalid('ticks', ticks, `${T}, the window that the model needs`));
    this.branches = branches;
    this.ticks = ticks;
    this.inputs = spec.inputs;
    this.outputs = spec.outputs.length;
    if (this.parameters) this.parameters.noise.batch = branches;
    try {
      const slots = arena.alloc(4 * branches);
      const weights = this.parameters ?? constants(arena);
      const context = { arena, B: branches, R: branches, T: ticks, onInputs: false, byTick: true, slots, weights };
      const input = allocTaped({ ...context, inputs: [], outputs: [] }, [TICKS, spec.inputs]);
      this.#input = this.#keep({ ...input, constant: learns });
      this.#output = this.#lay(context);
      new Int32Array(arena.memory.buffer, slots, branches).forEach((_, b, all) => {
        all[b] = b;
      });
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      const expected = `${branches} windows of ${ticks} ticks that fit into 4 GB with all that they keep`;
      throw new ModelError(invalid(spec.name, 'too large', expected), { cause });
    }
    const { outputs } = this.#wired.at(-1)!;
    this.#rows = outputs[0]![0] === TICKS ? 1 : this.#output.value.length;
    // nothing allocates from here on, so that the view stays attached
    this.#heap = new Float32Array(arena.memory.buffer);
  }

  /** Call it when something else was allocated in the arena, which detaches views. */
  attach(): void {
    this.#heap = new Float32Array(this.arena.memory.buffer);
  }

  /** Bytes of the arena: constant after construction. */
  get bytes(): number {
    return this.arena.memory.buffer.byteLength;
  }

  /**
   * Ticks before the window, stepped alone: all windows begin from the state they leave, until it is called again. To gradients
   * that state is a constant.
   * @param before F values each
   * @param start the state before them (`Model.snapshot`); null: zero
   * @throws RangeError for a model that needs complete windows, which begin at zero
   */
  begin(before: readonly Float32Array[], start: Snapshot | null = null): void {
    if (this.#windowed) {
      if (before.length > 0) throw new RangeError('a model that needs complete windows knows no ticks before them');
      return;
    }
    if (before.length === 0 && !start) {
      this.reset();
      return;
    }
    const { states, rings } = before.length === 0 ? start! : this.#after(before, start);
    const stateful = this.#layers.filter(({ tape }) => tape.begin);
    let ring = 0;
    for (const [l, { layer, tape }] of stateful.entries())
      tape.begin!(states[l]!, layer.kind === 'conv1d' ? rings[ring++]! : 0);
  }

  #after(before: readonly Float32Array[], start: Snapshot | null): Snapshot {
    this.#before ??= new Model(this.#kernels, this.#spec);
    this.#before.reset();
    if (start) this.#before.restore(start);
    for (const x of before) this.#before.stepOne(x);
    return this.#before.snapshot();
  }

  /**
   * @param windows (n, K, F), one after the other
   * @returns outputs (n, O) at the last tick
   */
  forward(windows: Float32Array, n: number): Float32Array {
    const { ticks: K, inputs: F, outputs: O } = this;
    if (n <= this.branches) for (let i = 0; i < n; i++) this.put(i, windows, i * K * F);
    this.run(n);
    const outputs = new Float32Array(n * O);
    for (let i = 0; i < n; i++) {
      for (let o = 0; o < O; o++) outputs[i * O + o] = this.#heap[this.#place(this.#output.value, i, o)]!;
    }
    return outputs;
  }

  /** Puts a window (K, F), which begins at `from` of an array, in the place of number i. */
  put(i: number, values: Float32Array, from: number): void {
    const { ticks: K, inputs: F } = this;
    const { at, stride, tick } = this.#input.value;
    for (let t = 0; t < K; t++) {
      const to = at / 4 + i * stride + t * tick;
      for (let f = 0; f < F; f++) this.#heap[to + f] = values[from++]!;
    }
  }

  /** Runs over the first n windows that were put. @throws RangeError for more than there is room for */
  run(n: number): void {
    if (!(n >= 0 && n <= this.branches)) throw new RangeError(`${n} windows on a tape of ${this.branches}`);
    for (const { tape } of this.#layers) tape.forward(n);
    this.#n = n;
  }

  /** All windows of the next run begin with the state that they ended with in the last one, or (`reset`) with zeros. */
  carry(): void {
    for (const { tape } of this.#layers) tape.carry?.();
  }
  reset(): void {
    for (const { tape } of this.#layers) tape.reset?.();
  }

  /** Where outputs of `run` stand, and their gradients: the rows of the output, or of a sequence those of all ticks. */
  scored(everyTick: boolean): Taped {
    const { value, gradient } = this.#output;
    const rows = everyTick ? value.length : this.#rows;
    const part = (x: Taped['value']): Taped['value'] => ({
      ...x,
      at: x.at + 4 * (x.length - rows) * x.tick,
      length: rows,
    });
    return { value: part(value), gradient: part(gradient) };
  }

  /**
   * Gradients of all parameters, from those of the outputs of the last run (`scored`).
   * @param seed writes the gradients of outputs, which are zero
   */
  descend(seed: () => void): void {
    this.parameters!.clear();
    this.#clear();
    seed();
    for (const { tape, still } of this.#layers.toReversed()) if (!still) tape.backward(this.#n);
    this.parameters!.collect();
  }

  /** @returns d output[target] / d input of each of the n windows of the last forward: (n, K, F) */
  backward(target: number): Float32Array {
    return this.walk(target, 1, ({ tape }) => tape.backward(this.#n));
  }

  /**
   * Walks from the model's output back to its inputs, layer by layer. What is walked with stands in the place of gradients.
   * @param start what stands at the target to begin with, in every window
   * @param back adds to what stands at a layer's inputs what it makes of that at its outputs; heap: all floats of the arena
   * @returns what stands at the inputs in the end: (n, K, F)
   */
  walk(target: number, start: number, back: (layer: Laid, heap: Float32Array) => void): Float32Array {
    if (!(target >= 0 && target < this.outputs)) throw new RangeError(`target ${target} of ${this.outputs} outputs`);
    const heap = this.#heap;
    this.#clear();
    for (let i = 0; i < this.#n; i++) heap[this.#place(this.#output.gradient, i, target)] = start;
    for (let l = this.#layers.length - 1; l >= 0; l--) back(this.#layers[l]!, heap);
    const { ticks: K, inputs: F } = this;
    const { at, stride, tick } = this.#input.gradient;
    const out = new Float32Array(this.#n * K * F);
    for (let i = 0, to = 0; i < this.#n; i++) {
      for (let t = 0; t < K; t++) {
        const from = at / 4 + i * stride + t * tick;
        for (let f = 0; f < F; f++) out[to++] = heap[from + f]!;
      }
    }
    return out;
  }

  /** Lays the layers down one after the other. @returns the first output of the last */
  #lay(context: Omit<TapeContext, 'from' | 'inputs' | 'outputs'>): Taped {
    const values = new Map<string | null, readonly Taped[]>([[null, [this.#input]]]);
    for (const wired of this.#wired) {
      const { layer, inputs, outputs } = wired;
      const taken = wired.from.map((source) => values.get(source.layer)![source.output]!);
      const tape = kindOf(layer).tape!(layer, { ...context, from: taken, inputs, outputs });
      const still = taken.every(({ constant }) => constant) && trainable(layer).length === 0;
      this.#layers.push({ ...wired, tape, taken, still });
      const made = still ? tape.outputs.map((output) => ({ ...output, constant: true })) : tape.outputs;
      for (const output of made) this.#keep(output);
      values.set(layer.name, made);
    }
    return values.get(this.#wired.at(-1)!.layer.name)![0]!;
  }

  #clear(): void {
    for (const { gradient: at, constant } of this.#values) {
      if (!constant) this.#heap.fill(0, at.at / 4, at.at / 4 + at.length * at.tick);
    }
  }

  #keep(value: Taped): Taped {
    this.#values.push(value);
    return value;
  }

  /** Where an output stands in the heap: of a sequence of ticks at the last of them. */
  #place({ at, stride, tick, length, width }: Taped['value'], i: number, target: number): number {
    const row = length - this.#rows + Math.floor(target / width);
    return at / 4 + i * stride + row * tick + (target % width);
  }
}

/** Why no gradient reaches the inputs of this model, or null. */
export function whyNoGradient(spec: ModelSpec): string | null {
  if (spec.blackBox) return 'a black box is only called, never looked into';
  for (const layer of spec.layers) {
    const { tape, stops } = kindOf(layer);
    if (!tape || stops) return `none passes its layer ${layer.name} (${layer.kind})`;
  }
  return null;
}

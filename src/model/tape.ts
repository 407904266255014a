/**
 * A model run over whole windows, everything kept that its gradient needs, and run backward: the gradient of an output with
 * respect to every input of every tick (backpropagation through time).
 */
import { ConfigError, invalid, ModelError } from '../errors.ts';
import type { Arena, Kernels } from '../kernels.ts';
import { checkModel } from './formats/check.ts';
import { withScore } from './graph.ts';
import { kindOf } from './layers/index.ts';
import { allocTaped, type TapeContext, type Taped, type TapeLayer } from './layers/taped.ts';
import { Past } from './past.ts';
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
}

/** A layer as it lies on a tape. */
export interface Laid extends Wired {
  tape: TapeLayer;
  /** What comes in. */
  taken: readonly Taped[];
}

export class Tape {
  /** N, K, F and O. */
  readonly branches: number;
  readonly ticks: number;
  readonly inputs: number;
  readonly outputs: number;

  readonly #kernels: Kernels;
  readonly #arena: Arena;
  readonly #wired: readonly Wired[];
  readonly #windowed: boolean;
  readonly #layers: Laid[] = [];
  readonly #values: Taped[] = [];
  readonly #input: Taped;
  readonly #output: Taped;
  /** Rows of the output: of [4, 3] four, of a sequence of ticks the last. */
  readonly #rows: number;
  readonly #heap: Float32Array;
  #past: Past | null = null;
  /** Windows of the last forward. */
  #n = 0;

  /**
   * @throws ModelError when shapes or layers do not fit, or the windows do not fit into memory; ConfigError for a model through
   *   which no gradient passes, or one that needs windows of another length
   */
  constructor(kernels: Kernels, spec: ModelSpec, { branches, ticks, score = 'raw', window = null }: TapeOptions) {
    const reason = whyNoGradient(spec);
    if (reason) throw new ConfigError(invalid('model', spec.name, `one with a gradient: ${reason}`));
    const T = window ?? spec.window ?? ticks;
    const scored = { ...spec, layers: withScore(spec.layers, score), window: T };
    checkModel({ ...scored, mode: 'windowed' }, spec.name);
    this.#kernels = kernels;
    this.#wired = wire(scored, spec.name);
    this.#windowed = firstWindowed(this.#wired) !== null;
    if (this.#windowed && T !== ticks)
      throw new ConfigError(invalid('ticks', ticks, `${T}, the window that the model needs`));
    this.branches = branches;
    this.ticks = ticks;
    this.inputs = spec.inputs;
    this.outputs = spec.outputs.length;
    const arena = kernels.arena();
    this.#arena = arena;
    try {
      const slots = arena.alloc(4 * branches);
      const context = { arena, B: branches, R: branches, T: ticks, onInputs: false, byTick: true, slots };
      this.#input = this.#keep(allocTaped({ ...context, inputs: [], outputs: [] }, [TICKS, spec.inputs]));
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

  /** Bytes of the arena: constant after construction. */
  get bytes(): number {
    return this.#arena.memory.buffer.byteLength;
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
    if (before.length === 0 && !start && !this.#past) return;
    this.#past ??= new Past(this.#kernels, this.#wired, this.inputs);
    const { states, rings } = this.#past.run(before, start);
    const stateful = this.#layers.filter(({ tape }) => tape.begin);
    let ring = 0;
    for (const [l, { layer, tape }] of stateful.entries())
      tape.begin!(states[l]!, layer.kind === 'conv1d' ? rings[ring++]! : 0);
  }

  /**
   * @param windows (n, K, F), one after the other
   * @returns outputs (n, O) at the last tick
   */
  forward(windows: Float32Array, n: number): Float32Array {
    if (!(n >= 0 && n <= this.branches)) throw new RangeError(`${n} windows on a tape of ${this.branches}`);
    const { ticks: K, inputs: F, outputs: O } = this;
    const { at, stride, tick } = this.#input.value;
    for (let i = 0, from = 0; i < n; i++) {
      for (let t = 0; t < K; t++) {
        const to = at / 4 + i * stride + t * tick;
        for (let f = 0; f < F; f++) this.#heap[to + f] = windows[from++]!;
      }
    }
    for (const { tape } of this.#layers) tape.forward(n);
    this.#n = n;
    const outputs = new Float32Array(n * O);
    for (let i = 0; i < n; i++) {
      for (let o = 0; o < O; o++) outputs[i * O + o] = this.#heap[this.#place(this.#output.value, i, o)]!;
    }
    return outputs;
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
    for (const { gradient } of this.#values) {
      heap.fill(0, gradient.at / 4, gradient.at / 4 + gradient.length * gradient.tick);
    }
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
      this.#layers.push({ ...wired, tape, taken });
      for (const output of tape.outputs) this.#keep(output);
      values.set(layer.name, tape.outputs);
    }
    return values.get(this.#wired.at(-1)!.layer.name)![0]!;
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
    if (!kindOf(layer).tape) return `none passes its layer ${layer.name} (${layer.kind})`;
  }
  return null;
}

/**
 * A model that runs: layers x branches over one arena. Slot 0 is the world as observed; every other slot is a branch, a
 * world in which something was occluded. All that are named in `slots` are stepped at once.
 */
import { invalid, ModelError } from '../errors.ts';
import type { Arena, Kernels } from '../kernels.ts';
import { activationIndex } from './activations.ts';
import { buildLayer } from './layers/index.ts';
import { type Batch, floats, type Layer, pad, type Rows } from './layers/layer.ts';
import type { LayerSpec, ModelSpec } from './spec.ts';

export interface ModelOptions {
  /** B, the most branches alive at once, branch 0 included. */
  branches?: number;
  /** R, the most distinct inputs of one tick. */
  inputRows?: number;
  /** `logit` leaves the final activation out; `raw` and `probability` are what the model's file says. */
  score?: 'raw' | 'probability' | 'logit';
}

export class Model {
  /** F and O. */
  readonly inputs: number;
  readonly outputs: number;
  /** Distinct inputs of a tick (R, inputStride); row 0 is the observed one. Write, then step. */
  readonly input: Float32Array;
  readonly inputStride: number;
  /** Which branches are stepped (B), and which input row each of them is given (B). */
  readonly slots: Int32Array;
  readonly inputRow: Int32Array;
  /** One effect a slot (B), as `difference` leaves it. */
  readonly effect: Float32Array;
  /** One baseline (F), as `spread` takes it. */
  readonly baseline: Float32Array;

  readonly #arena: Arena;
  readonly #layers: Layer[];
  readonly #batch: Batch;
  readonly #x: Rows;
  readonly #baselineAt: number;
  readonly #effectAt: number;
  readonly #farAt: number;
  readonly #far: Int32Array;
  /** Only for models without a recurrent layer: outputs are given to branches by copying. */
  readonly #lifted: Rows | null;
  #heap: Float32Array;

  /**
   * @throws ModelError when shapes or layers do not fit; the message names the layer
   */
  constructor(
    kernels: Kernels,
    spec: ModelSpec,
    { branches: B = 1, inputRows: R = 1, score = 'raw' }: ModelOptions = {},
  ) {
    const arena = kernels.arena();
    this.#arena = arena;
    this.inputs = spec.inputs;
    this.inputStride = pad(spec.inputs);
    this.#x = { at: arena.alloc(4 * R * this.inputStride), stride: this.inputStride };
    this.#batch = { slots: arena.alloc(4 * B), n: 0, inputRow: arena.alloc(4 * B), rows: arena.alloc(4 * R), R: 1 };
    this.#baselineAt = arena.alloc(4 * this.inputs);
    this.#effectAt = arena.alloc(4 * B);
    this.#farAt = arena.alloc(4 * B);

    this.#layers = [];
    let width = spec.inputs;
    let onInputs = true;
    for (const layer of withScore(spec.layers, score)) {
      checkLayer(layer, width);
      const built = buildLayer(layer, { arena, B, R, onInputs });
      if (!built) continue;
      this.#layers.push(built);
      width = built.units;
      if (built.recurrent) onInputs = false;
    }
    if (this.#layers.length === 0) throw new ModelError(invalid('layers', [], 'at least one layer'));
    this.outputs = width;
    this.#lifted = onInputs ? { at: arena.alloc(4 * B * pad(width)), stride: pad(width) } : null;

    // nothing allocates from here on, so that views stay attached
    const buffer = arena.memory.buffer;
    this.#heap = new Float32Array(buffer);
    new Int32Array(buffer, this.#batch.rows, R).forEach((_, r, rows) => {
      rows[r] = r;
    });
    this.input = floats(arena, this.#x.at, R * this.inputStride);
    this.slots = new Int32Array(buffer, this.#batch.slots, B);
    this.inputRow = new Int32Array(buffer, this.#batch.inputRow, B);
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
    for (const layer of this.#layers) layer.reset();
  }

  /** Slots `to` .. `to` + count - 1 begin with the state that slot `from` has now. */
  fork(from: number, to: number, count: number): void {
    for (const layer of this.#layers) {
      for (const { at, stride } of layer.states()) this.#arena.fork(at, stride, from, to, count);
    }
  }

  /** From the observed input (row 0) and `baseline`: row 1 + f occludes feature f, row F + 1 the whole tick. */
  spread(): void {
    this.#arena.spread(this.#x.at, this.inputStride, this.#baselineAt, this.inputs);
  }

  /** One step of the first n branches of `slots`, on the first R rows of `input`. */
  step(n: number, R: number): void {
    this.#batch.n = n;
    this.#batch.R = R;
    let x = this.#x;
    for (const layer of this.#layers) {
      layer.step(x, this.#batch);
      x = layer.output();
    }
    if (this.#lifted) this.#lift(x, n);
  }

  /** One step of branch 0 alone. @param x (F) @returns its outputs (O), in a view that the next step overwrites */
  stepOne(x: ArrayLike<number>): Float32Array {
    this.input.set(x);
    this.slots[0] = 0;
    this.inputRow[0] = 0;
    this.step(1, 1);
    return this.output(0);
  }

  /** Outputs (O) of one branch after its last step. */
  output(slot: number): Float32Array {
    const { at, stride } = this.#out();
    return this.#heap.subarray(at / 4 + slot * stride, at / 4 + slot * stride + this.outputs);
  }

  /** One output of one branch. */
  value(slot: number, target: number): number {
    const { at, stride } = this.#out();
    return this.#heap[at / 4 + slot * stride + target]!;
  }

  /** effect[s] = output[0] - output[s] of the target, for the first n branches of `slots`. */
  difference(n: number, target: number): void {
    const { at, stride } = this.#out();
    this.#arena.difference(this.#effectAt, at, stride, this.#batch.slots, n, target);
  }

  /**
   * Which of the first n branches have come within eps of branch 0, in every unit of every layer's h and c?
   * @returns one number a branch: 0 for those that have
   */
  settle(n: number, eps: number): Int32Array {
    this.#far.fill(0, 0, n);
    for (const layer of this.#layers) {
      for (const { at, stride, units } of layer.states()) {
        this.#arena.settle(this.#farAt, at, stride, units, this.#batch.slots, n, eps);
      }
    }
    return this.#far;
  }

  /** hidden, cell and gates (i, f, g, o; after their activations) of branch 0, a recurrent layer each, bottom first. */
  internals(): { name: string; values: Record<string, Float32Array> }[] {
    return this.#layers.flatMap((layer) => (layer.internals ? [{ name: layer.name, values: layer.internals() }] : []));
  }

  #out(): Rows {
    return this.#lifted ?? this.#layers[this.#layers.length - 1]!.output();
  }

  #lift(x: Rows, n: number): void {
    const to = this.#lifted!;
    for (let b = 0; b < n; b++) {
      const from = x.at / 4 + this.inputRow[b]! * x.stride;
      this.#heap.copyWithin(to.at / 4 + this.slots[b]! * to.stride, from, from + x.stride);
    }
  }
}

/** The layers with the last one's activation left out where the score is a logit. */
function withScore(layers: LayerSpec[], score: string): LayerSpec[] {
  const last = layers[layers.length - 1];
  if (score !== 'logit' || last?.kind !== 'dense') return layers;
  return [...layers.slice(0, -1), { ...last, activation: 'linear' }];
}

function checkLayer(layer: LayerSpec, width: number): void {
  const at = `layer '${layer.name}'`;
  const expect = (tensor: string, values: ArrayLike<number>, length: number): void => {
    if (values.length !== length)
      throw new ModelError(invalid(`${at}.${tensor}`, `${values.length} values`, `${length}`));
  };
  if (layer.inputs !== width)
    throw new ModelError(invalid(`${at}.inputs`, layer.inputs, `${width}, what the layer before gives`));
  switch (layer.kind) {
    case 'lstm':
      expect('kernel', layer.kernel, layer.inputs * 4 * layer.units);
      expect('recurrent', layer.recurrent, layer.units * 4 * layer.units);
      expect('bias', layer.bias, 4 * layer.units);
      break;
    case 'dense':
      expect('kernel', layer.kernel, layer.inputs * layer.units);
      expect('bias', layer.bias, layer.units);
      if (activationIndex(layer.activation) < 0) {
        throw new ModelError(invalid(`${at}.activation`, layer.activation, 'an activation of Keras'));
      }
      break;
    case 'normalization':
      expect('mean', layer.mean, width);
      expect('variance', layer.variance, width);
      break;
    case 'rescaling':
      for (const name of ['scale', 'offset'] as const) if (layer[name].length !== 1) expect(name, layer[name], width);
      break;
    case 'dropout':
      break;
  }
}

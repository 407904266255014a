/** What a model's outputs are measured by in training. Each is a mean over the batch (and its outputs), as in PyTorch. */
import { ConfigError, DataError, invalid } from '../errors.ts';
import type { Arena } from '../kernels.ts';
import { PASSES } from '../model/graph.ts';
import { floats } from '../model/layers/layer.ts';
import type { Taped } from '../model/layers/taped.ts';
import type { ModelSpec } from '../model/spec.ts';

/** The place in this list is the kernel's number (`assembly/train.ts`). */
export const LOSSES = ['mse', 'mae', 'huber', 'quantile', 'binary-crossentropy', 'categorical-crossentropy'] as const;

export interface LossOptions {
  kind: (typeof LOSSES)[number];
  /** `huber`: where the square ends; default 1. */
  delta?: number;
  /** `quantile`: one for all outputs, or one each; above 0 and below 1. */
  tau?: number | readonly number[];
}

/** `logit` for the cross-entropies, which are taken of the values before a final sigmoid or softmax; else `raw`. */
export function scoreOf({ kind }: LossOptions): 'raw' | 'logit' {
  return kind.endsWith('crossentropy') ? 'logit' : 'raw';
}

/**
 * Values of a target: one an output, or one for all of them; of `categorical-crossentropy` the number of a class.
 * @throws ConfigError where a loss and a model do not fit
 */
export function checkLoss({ kind, delta = 1, tau }: LossOptions, spec: ModelSpec, width: number): void {
  const O = spec.outputs.length;
  if (!LOSSES.includes(kind)) throw new ConfigError(invalid('loss', kind, `one of ${LOSSES.join(', ')}`));
  const categorical = kind === 'categorical-crossentropy';
  const fits = width === 1 || (width === O && !categorical);
  const wanted = categorical ? '1, the number of a class' : O === 1 ? '1' : `1, or ${O}: one an output`;
  if (!fits) throw new ConfigError(invalid('target', `${width} values a tick`, wanted));
  if (kind === 'huber' && !(delta > 0)) throw new ConfigError(invalid('loss delta', delta, 'more than zero'));
  if (kind === 'quantile') {
    const taus = tausOf(tau, O);
    const within = taus.length === O && taus.every((one) => one > 0 && one < 1);
    const expected = `a number above 0 and below 1, or ${O} of them`;
    if (!within) throw new ConfigError(invalid('loss tau', tau, expected));
  }
  const last = spec.layers.findLast((layer) => !PASSES.includes(layer.kind));
  const activation = last && 'activation' in last ? last.activation : 'linear';
  const own = kind === 'binary-crossentropy' ? 'sigmoid' : 'softmax';
  if (scoreOf({ kind }) === 'logit' && activation !== 'linear' && activation !== own)
    throw new ConfigError(
      invalid('loss', kind, `a model that ends with ${own}, or with its logits: not ${activation}`),
    );
}

function tausOf(tau: LossOptions['tau'], O: number): readonly number[] {
  return typeof tau === 'object' ? tau : new Array(O).fill(tau);
}

/** A loss over the rows of a tape's output, with its targets in the arena. */
export class Loss {
  /** Rows of the output that are measured: one, or as many as ticks. */
  readonly rows: number;
  readonly #arena: Arena;
  readonly #kind: number;
  readonly #scored: Taped;
  readonly #targetsAt: number;
  readonly #constants: number;
  readonly #B: number;
  readonly #width: number;

  /**
   * @param scored the rows of the output that are measured
   * @param B most windows @param width values of a row's target
   */
  constructor(arena: Arena, { kind, delta = 1, tau }: LossOptions, scored: Taped, B: number, width: number) {
    const O = scored.value.width;
    this.rows = scored.value.length;
    this.#arena = arena;
    this.#kind = LOSSES.indexOf(kind);
    this.#scored = scored;
    this.#B = B;
    this.#width = width;
    this.#targetsAt = arena.alloc(4 * this.rows * B * width);
    this.#constants = arena.alloc(4 * O);
    floats(arena, this.#constants, O).set(kind === 'quantile' ? tausOf(tau, O) : new Array(O).fill(delta));
  }

  /** Targets, row by row of the output, in each row window by window (rows, B, width), in a view of now. */
  get targets(): Float32Array {
    return floats(this.#arena, this.#targetsAt, this.rows * this.#B * this.#width);
  }

  /** @param targets (T, width) @throws DataError for a target from tick `from` to before `to` that is none */
  check(targets: Float32Array, from: number, to: number): void {
    const [W, classes] = [this.#width, this.#categorical ? this.#scored.value.width : 0];
    for (let i = from * W; i < to * W; i++) {
      const value = targets[i]!;
      const fits = classes ? Number.isInteger(value) && value >= 0 && value < classes : Number.isFinite(value);
      const expected = classes ? `the number of a class, from 0 to ${classes - 1}` : 'a number';
      if (!fits) throw new DataError(invalid(`target of tick ${Math.floor(i / W)}`, value, expected));
    }
  }

  get #categorical(): boolean {
    return LOSSES[this.#kind] === 'categorical-crossentropy';
  }

  /**
   * The sum over the first n windows, over all those of a batch: their part of its mean. Its gradient goes to where the
   * outputs' gradients stand.
   */
  run(n: number, all: number = n): number {
    const { value, gradient } = this.#scored;
    const W = this.#width;
    const count = all * this.rows * (this.#categorical ? 1 : value.width);
    let sum = 0;
    for (let r = 0; r < this.rows; r++) {
      sum += this.#arena.loss(
        ...[this.#kind, this.#constants, gradient.at + 4 * r * gradient.tick, gradient.stride],
        ...[value.at + 4 * r * value.tick, value.stride, this.#targetsAt + 4 * r * this.#B * W, W, W > 1 ? 1 : 0],
        ...[n, value.width, 1 / count],
      );
    }
    return sum / count;
  }
}

/** Adam and stochastic gradient descent over the parameters of a tape, with PyTorch's formulas. */
import { ConfigError, invalid } from '../errors.ts';
import type { Arena } from '../kernels.ts';
import { floats } from '../model/layers/layer.ts';
import type { Parameters } from '../model/parameters.ts';

export interface OptimizerOptions {
  /** Default adam. */
  kind?: 'adam' | 'sgd';
  /** Learning rate at the start; default 1e-3. */
  rate?: number;
  /** Adam: default 0.9, 0.999, 1e-8. */
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** Of `sgd`; default 0. */
  momentum?: number;
  /** Weight decay of all parameters; default 0. `adam`: decoupled (AdamW); `sgd`: added to the gradient (L2). */
  decay?: number;
  /** Largest L2 norm of all gradients together; longer ones are shortened to it. Default: none. */
  clip?: number | null;
  /**
   * LSTM and simple recurrent layers learn as in PyTorch, whose cells have two biases: both are given the gradient, so that
   * their sum, which is all that matters and all that we keep, moves twice as far. Default false, as in Keras.
   */
  twoBiases?: boolean;
}

/** What an optimizer remembers. Plain data. */
export interface OptimizerState {
  moments: Float32Array[];
  /** beta1^t and beta2^t. */
  powers: [number, number];
}

/** Parameters side by side that learn alike. */
interface Group {
  from: number;
  length: number;
  /** How many equal gradients one of them stands for. */
  times: number;
}

export class Optimizer {
  readonly rate: number;
  readonly #arena: Arena;
  readonly #parameters: Parameters;
  readonly #options: Required<Omit<OptimizerOptions, 'kind' | 'rate' | 'twoBiases'>>;
  readonly #groups: Group[];
  readonly #moments: number[];
  #powers: [number, number] = [1, 1];

  /** @throws ConfigError for what is out of range */
  constructor(arena: Arena, parameters: Parameters, options: OptimizerOptions = {}) {
    const { kind = 'adam', rate = 1e-3, twoBiases = false, ...others } = options;
    this.#options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentum: 0, decay: 0, clip: null, ...others };
    this.rate = rate;
    const { beta1, beta2, epsilon, momentum, decay, clip } = this.#options;
    if (kind !== 'adam' && kind !== 'sgd') throw new ConfigError(invalid('optimizer', kind, 'adam or sgd'));
    refuse('rate', rate, rate > 0 && rate < Number.POSITIVE_INFINITY, 'more than zero');
    refuse('epsilon', epsilon, epsilon > 0, 'more than zero');
    refuse('decay', decay, decay >= 0, 'zero or more');
    if (clip !== null) refuse('clip', clip, clip > 0, 'more than zero');
    for (const [name, value] of Object.entries({ beta1, beta2, momentum }))
      refuse(name, value, value >= 0 && value < 1, 'zero or more, below 1');
    this.#arena = arena;
    this.#parameters = parameters;
    this.#groups = groups(parameters, twoBiases);
    this.#moments = Array.from({ length: kind === 'adam' ? 2 : 1 }, () => arena.alloc(4 * parameters.count));
  }

  /** The L2 norm of all gradients. */
  norm(): number {
    let sum = 0;
    for (const { from, length, times } of this.#groups)
      sum += times * this.#arena.squares(this.#parameters.gradientAt + 4 * from, length);
    return Math.sqrt(sum);
  }

  /** One step down the gradients, whose norm is given: values change, and are brought to where the kernels read them. */
  step(norm: number, rate: number): void {
    const { beta1, beta2, epsilon, momentum, decay, clip } = this.#options;
    // PyTorch's clip_grad_norm_
    const scale = clip === null ? 1 : Math.min(1, clip / (norm + 1e-6));
    const { at, gradientAt } = this.#parameters;
    const [first, second] = this.#moments as [number, number?];
    this.#powers = [this.#powers[0] * beta1, this.#powers[1] * beta2];
    const [corrected, root] = [rate / (1 - this.#powers[0]), Math.sqrt(1 - this.#powers[1])];
    for (const { from, length, times } of this.#groups) {
      const [p, g, m] = [at + 4 * from, gradientAt + 4 * from, first + 4 * from];
      if (second === undefined) {
        this.#arena.sgd(p, g, m, length, scale * times, rate, momentum, decay);
        continue;
      }
      const betas = [beta1, beta2, 1 - beta1, 1 - beta2] as const;
      const v = second + 4 * from;
      this.#arena.adam(p, g, m, v, length, scale, corrected * times, ...betas, root, epsilon, 1 - rate * decay);
    }
    this.#parameters.write();
  }

  state(): OptimizerState {
    const { count } = this.#parameters;
    return { moments: this.#moments.map((at) => floats(this.#arena, at, count).slice()), powers: [...this.#powers] };
  }

  restore({ moments, powers }: OptimizerState): void {
    for (const [i, at] of this.#moments.entries()) floats(this.#arena, at, this.#parameters.count).set(moments[i]!);
    this.#powers = [...powers];
  }
}

function refuse(name: string, value: number, fits: boolean, expected: string): void {
  if (!fits) throw new ConfigError(invalid(`optimizer ${name}`, value, expected));
}

function groups({ list }: Parameters, twoBiases: boolean): Group[] {
  const all: Group[] = [];
  for (const { kind, tensor, from, length } of list) {
    const times = twoBiases && tensor === 'bias' && (kind === 'lstm' || kind === 'rnn') ? 2 : 1;
    const last = all.at(-1);
    if (last?.times === times) last.length += length;
    else all.push({ from, length, times });
  }
  return all;
}

/**
 * Layer-wise relevance propagation: what a model says of a window is handed back, layer by layer, to the inputs that it came
 * from, in proportion to what each of them contributed. Bach et al. 2015 (the epsilon rule); Arras et al. 2017 and 2019 for
 * gates: a gate is a dose, not a signal, and is given nothing.
 */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import { ROW_ACTIVATIONS } from './activations.ts';
import { PASSES } from './graph.ts';
import { rules } from './relevance/rules.ts';
import type { ModelSpec } from './spec.ts';
import { Tape, type TapeOptions, whyNoGradient } from './tape.ts';

/** Arras'. */
export const EPSILON = 1e-3;

export interface Relevances {
  /** What was handed back: the target's output. */
  output: number;
  /** What each input was given (K, F). */
  values: Float32Array;
  /** What the state before the window was given. The rest of the output stayed with biases, offsets and epsilon. */
  state: number;
}

export class Relevance {
  readonly #tape: Tape;

  /**
   * @param options `logit` hands back the value before a final activation; `raw` and `probability` hand back the output itself, from
   *   the target's unit down: through a final softmax it goes to that unit's value before it
   * @throws ConfigError for a model with a layer that has no rule; errors of `Tape`
   */
  constructor(kernels: Kernels, spec: ModelSpec, options: Omit<TapeOptions, 'branches'>) {
    const reason = whyNoRelevance(spec);
    if (reason) throw new ConfigError(invalid('model', spec.name, `one with relevance: ${reason}`));
    this.#tape = new Tape(kernels, spec, { ...options, branches: 1 });
  }

  /** As `Tape.begin`. */
  begin(...state: Parameters<Tape['begin']>): void {
    this.#tape.begin(...state);
  }

  /**
   * @param window (K, F)
   * @param epsilon added to what is divided by, on the side of its sign: a small contribution of opposed large ones gets little
   * @throws ConfigError for an epsilon that is not more than zero
   */
  run(window: Float32Array, target: number, epsilon = EPSILON): Relevances {
    if (!(epsilon > 0)) throw new ConfigError(invalid('epsilon', epsilon, 'more than zero'));
    const output = this.#tape.forward(window, 1)[target]!;
    let state = 0;
    const values = this.#tape.walk(target, output, (laid, heap) => {
      state += rules[laid.layer.kind]!(laid, heap, epsilon);
    });
    return { output, values, state };
  }
}

/** Why relevance cannot be handed back through this model, or null. */
export function whyNoRelevance(spec: ModelSpec): string | null {
  const none = whyNoGradient(spec);
  if (none) return none;
  const head = spec.layers.findLastIndex(({ kind }) => !PASSES.includes(kind));
  for (const [l, layer] of spec.layers.entries()) {
    if (!rules[layer.kind]) return `there is no rule for its layer ${layer.name} (${layer.kind})`;
    if (layer.kind === 'merge' && !ADDITIVE.includes(layer.operation))
      return `there is no rule for its layer ${layer.name} (${layer.operation})`;
    if (l !== head && 'activation' in layer && ROW_ACTIVATIONS.includes(layer.activation!))
      return `its layer ${layer.name} mixes values (${layer.activation}) before the end`;
  }
  return null;
}

const ADDITIVE: readonly string[] = ['add', 'subtract', 'average'];

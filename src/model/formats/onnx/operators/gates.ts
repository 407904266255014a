import type { Call } from '../call.ts';
import { type Activation, close, hardSigmoid } from './pointwise.ts';

/** Our names of the activation of the gates and of that of candidate and state. */
export interface GateActivations {
  gate: string;
  state: string;
}

/** ONNX lists f (gates), g (candidate) and, for an LSTM, h (state), a direction after the other. */
const DEFAULTS = { lstm: ['Sigmoid', 'Tanh', 'Tanh'], gru: ['Sigmoid', 'Tanh'], rnn: ['Tanh'] } as const;

/** What a recurrent operator's activations are called here, a direction each. */
export function gateActivations(kind: keyof typeof DEFAULTS, directions: number, call: Call): GateActivations[] {
  const { attributes } = call.node;
  const usual = DEFAULTS[kind];
  const names = attributes.texts('activations') ?? Array.from({ length: directions }, () => usual).flat();
  if (names.length !== usual.length * directions) call.refuse(`with ${names.length} activations`);
  // slopes and offsets are listed for those activations only that have some
  const alphas = (attributes.floats('activation_alpha') ?? []).values();
  const betas = (attributes.floats('activation_beta') ?? []).values();
  const found = names.map((name) => named(name, alphas, betas) ?? call.refuse(`with the activation ${name}`));
  return Array.from({ length: directions }, (_, d) => {
    const [first, ...others] = found.slice(d * usual.length, (d + 1) * usual.length) as [string, ...string[]];
    if (others.length === 2 && others[0] !== others[1]) call.refuse('with unlike activations of candidate and state');
    return { gate: first, state: others[0] ?? first };
  });
}

const PLAIN: Readonly<Record<string, string>> = {
  relu: 'relu',
  sigmoid: 'sigmoid',
  softplus: 'softplus',
  softsign: 'softsign',
  tanh: 'tanh',
};

function named(name: string, alphas: Iterator<number>, betas: Iterator<number>): string | null {
  const next = (values: Iterator<number>, otherwise: number): number => values.next().value ?? otherwise;
  const lower = name.toLowerCase();
  if (lower === 'hardsigmoid')
    return (hardSigmoid(next(alphas, 0.2), next(betas, 0.5)) as Activation | null)?.name ?? null;
  // a gate has no slope of its own: only the usual ones
  if (lower === 'elu') return close(next(alphas, 1), 1) ? 'elu' : null;
  if (lower === 'leakyrelu') return close(next(alphas, 0.01), 0.2) ? 'leaky_relu' : null;
  return Object.hasOwn(PLAIN, lower) ? PLAIN[lower]! : null;
}

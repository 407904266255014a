/**
 * Activations of a Dense layer by Keras' names; the place in this list is the kernel's number
 * (`assembly/layers/dense.ts`, `activate`). 0 does nothing.
 */
export const ACTIVATIONS = [
  'linear',
  'relu',
  'sigmoid',
  'tanh',
  'softmax',
  'log_softmax',
  'elu',
  'selu',
  'softplus',
  'softsign',
  'exponential',
  'relu6',
  'silu',
  'gelu',
  'mish',
  'leaky_relu',
  'hard_sigmoid',
  'hard_silu',
  'hard_tanh',
  'log_sigmoid',
] as const;

const SYNONYMS: Record<string, string> = { swish: 'silu', hard_swish: 'hard_silu' };

/** The kernel's number of an activation, -1 for an unknown name. */
export function activationIndex(name: string): number {
  return (ACTIVATIONS as readonly string[]).indexOf(SYNONYMS[name] ?? name);
}

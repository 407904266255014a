/**
 * Activations by Keras' names; the place in this list is the kernel's number (`assembly/activation.ts`). 0 does nothing.
 * `hard_sigmoid_2` is what Keras 1 and 2, TensorFlow.js and ONNX call hard_sigmoid: max(0, min(1, 0.2 x + 0.5)).
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
  'hard_sigmoid_2',
  'gelu_tanh',
  'celu',
  'hard_shrink',
  'soft_shrink',
  'sparse_plus',
  'sparse_sigmoid',
  'squareplus',
  'tanh_shrink',
] as const;

const SYNONYMS: Record<string, string> = { swish: 'silu', hard_swish: 'hard_silu' };

/** Those that look at a whole row: no gate can have them. */
export const ROW_ACTIVATIONS: readonly string[] = ['softmax', 'log_softmax'];

/** Those with a slope or a factor, and what it is where nothing is said. */
export const ALPHA: Readonly<Record<string, number>> = { elu: 1, leaky_relu: 0.2, celu: 1 };

/** The kernel's number of an activation, -1 for an unknown name. */
export function activationIndex(name: string): number {
  return (ACTIVATIONS as readonly string[]).indexOf(SYNONYMS[name] ?? name);
}

/** Which input of the graph is the model's, and how many features it has. */
import { NotNative } from './context.ts';
import type { Node, Onnx, Port } from './model.ts';

const RECURRENT = ['LSTM', 'GRU', 'RNN'];

/**
 * The one input that is computed with; others may only be initial states, which begin at zero.
 * @throws NotNative where several are
 */
export function mainInput({ nodes, inputs, outputs }: Onnx): Port {
  const givers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const recurrent = nodes.filter(({ op }) => RECURRENT.includes(op)).map((node) => node.inputs[0] ?? '');
  const reached = above(recurrent.length > 0 ? recurrent : outputs.map(({ name }) => name), givers);
  const main = inputs.filter(({ name }) => reached.has(name));
  if (main.length === 1) return main[0]!;
  throw new NotNative(
    `it computes with ${main.length} inputs${main.length ? `: ${main.map(({ name }) => name).join(', ')}` : ''}`,
  );
}

/** All that values are computed from; of a recurrent layer the sequence alone, of a shape nothing. */
function above(names: readonly string[], givers: ReadonlyMap<string, Node>): Set<string> {
  const reached = new Set<string>();
  const left = [...names];
  while (left.length > 0) {
    const name = left.pop()!;
    if (reached.has(name)) continue;
    reached.add(name);
    const node = givers.get(name);
    if (!node || node.op === 'Shape') continue;
    left.push(...(RECURRENT.includes(node.op) ? node.inputs.slice(0, 1) : node.inputs));
  }
  return reached;
}

/** Which axis of its weights a node's features have: of its second input. */
const FEATURES: Readonly<Record<string, number>> = {
  LSTM: 2,
  GRU: 2,
  RNN: 2,
  MatMul: 0,
  LayerNormalization: 0,
  BatchNormalization: 0,
};

/** F where the file leaves it open: what the first weights that the input meets ask for, or null. */
export function featuresOf({ nodes, tensors }: Onnx, input: Port): number | null {
  const reached = new Set([input.name]);
  for (const { op, inputs, outputs, attributes } of nodes) {
    if (!inputs.some((name) => reached.has(name))) continue;
    const axis = op === 'Gemm' ? attributes.int('transB', 0) : FEATURES[op];
    const weights = tensors.get(inputs[1] ?? '');
    if (axis !== undefined && weights && reached.has(inputs[0]!)) return weights.shape[axis] ?? null;
    if (op !== 'Shape') for (const name of outputs) reached.add(name);
  }
  return null;
}

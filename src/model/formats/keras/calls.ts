import { invalid, ModelError } from '../../../errors.ts';
import { Fields } from '../fields.ts';

/** An output of a layer, as a configuration names it. */
export interface Ref {
  layer: string;
  /** Which of the layer's calls. */
  node: number;
  output: number;
}

/** What a layer is called with. */
export interface Call {
  /** Tensors given by position, in order, lists laid out flat. */
  inputs: Ref[];
  /** What else is given by position: slices, numbers. */
  constants: unknown[];
  /** Everything given by keyword, and what it is called. */
  keywords: Fields;
  names: string[];
  /** The tensors among it. */
  tensors: Map<string, Ref[]>;
}

/** A call on tensors alone. */
export function plainCall(inputs: Ref[], path: string): Call {
  return { inputs, constants: [], keywords: new Fields({}, path), names: [], tensors: new Map() };
}

/**
 * The one call of a layer.
 * @param nodes `inbound_nodes`: Keras 3 writes `{args, kwargs}` with tensors as objects, Keras 2 and TensorFlow.js a list of
 *   [layer, node, output, keywords]
 * @param isLayer whether a text is a layer's name
 * @param path file and layer, for messages
 * @throws ModelError where the layer is called never or several times
 */
export function readCall(nodes: unknown, isLayer: (name: string) => boolean, path: string): Call {
  if (!Array.isArray(nodes) || nodes.length === 0) throw new ModelError(invalid(`${path} call`, nodes, 'one call'));
  if (nodes.length > 1) {
    throw new ModelError(
      invalid(path, `a layer called ${nodes.length} times`, 'a layer called once: shared weights are not read'),
    );
  }
  const [node] = nodes;
  const call: Call = plainCall([], path);
  if (!Array.isArray(node)) {
    const { args, kwargs } = fieldsOf(node, path);
    gather(args, modernRef, call);
    return withKeywords(call, kwargs, modernRef, path);
  }
  gather(node, oldRef, call);
  // any list may be given by keyword, not only a tensor
  const known: ReadRef = (value) => (isLayer(triple(value)?.layer ?? '') ? triple(value) : null);
  return withKeywords(call, firstKeywords(node), known, path);
}

function fieldsOf(node: unknown, path: string): { args: unknown; kwargs: unknown } {
  const fields = new Fields(node, `${path} call`);
  return { args: fields.raw('args') ?? [], kwargs: fields.raw('kwargs') ?? {} };
}

type ReadRef = (value: unknown) => Ref | null;

function withKeywords(call: Call, given: unknown, read: ReadRef, path: string): Call {
  const keywords = new Fields(given, `${path} call`);
  for (const [key, value] of Object.entries(given as object)) {
    const found = plainCall([], path);
    gather(value, read, found);
    if (found.inputs.length > 0) call.tensors.set(key, found.inputs);
  }
  return { ...call, keywords, names: Object.keys(given as object) };
}

/** Takes the tensors and the constants out of a value. */
function gather(value: unknown, read: ReadRef, into: Call): void {
  const ref = read(value);
  if (ref) into.inputs.push(ref);
  else if (Array.isArray(value)) for (const item of value) gather(item, read, into);
  else into.constants.push(value);
}

/** `{class_name: '__keras_tensor__', config: {keras_history: [layer, node, output]}}` */
function modernRef(value: unknown): Ref | null {
  const { class_name, config } = (value ?? {}) as Record<string, unknown>;
  if (class_name !== '__keras_tensor__') return null;
  return triple((config as Record<string, unknown> | null)?.keras_history);
}

/** `[layer, node, output]` or `[layer, node, output, keywords]`; `['_CONSTANT_VALUE', -1, value]` is none */
function oldRef(value: unknown): Ref | null {
  const ref = triple(value);
  return ref && ref.node >= 0 ? ref : null;
}

/** `[layer, node, output]`, more ignored; null for anything else. */
export function triple(value: unknown): Ref | null {
  if (!Array.isArray(value)) return null;
  const [layer, node, output] = value as unknown[];
  const fits = typeof layer === 'string' && Number.isSafeInteger(node) && Number.isSafeInteger(output);
  return fits && (output as number) >= 0 ? { layer, node: node as number, output: output as number } : null;
}

/** Keras 2 says the keywords with the first tensor. */
function firstKeywords(node: unknown[]): unknown {
  let first: unknown = node;
  while (Array.isArray(first) && Array.isArray(first[0])) first = first[0];
  const keywords = Array.isArray(first) ? first[3] : null;
  return keywords ?? {};
}

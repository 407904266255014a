/** What an ONNX file holds, decoded: nodes, tensors, inputs and outputs. */
import { invalid, ModelError } from '../../../errors.ts';
import { Cursor } from '../cursor.ts';
import type { ModelFile } from '../index.ts';
import { externalData } from './external.ts';
import { Message, readField } from './protobuf.ts';
import { type External, type OnnxTensor, readTensor } from './tensor.ts';

/** An input or an output of the graph. */
export interface Port {
  name: string;
  /** ONNX' number of its type: 1 is float32. 0: no tensor. */
  type: number;
  /** Sizes of its axes, null where the file leaves one open; null where it does not even say how many there are. */
  dims: (number | null)[] | null;
}

/** An operator in its place. */
export interface Node {
  /** As the file names it, or after what it gives. */
  name: string;
  op: string;
  domain: string;
  /** Names of values; empty: left out. */
  inputs: string[];
  outputs: string[];
  attributes: Attributes;
}

export interface Onnx {
  file: string;
  /** Version of the operators. */
  opset: number;
  nodes: Node[];
  tensors: Map<string, OnnxTensor>;
  /** Inputs that are not tensors of the file. */
  inputs: Port[];
  outputs: Port[];
}

/** ModelProto's fields and their wire types, and GraphProto's. */
const MODEL: Readonly<Record<number, number>> = {
  1: 0,
  2: 2,
  3: 2,
  4: 2,
  5: 0,
  6: 2,
  7: 2,
  8: 2,
  14: 2,
  20: 2,
  25: 2,
  26: 2,
};
const IR_VERSION = 1;
export const GRAPH = 7;
const OPSETS = 8;
const NODES = 1;
export const INITIALIZERS = 5;
const INPUTS = 11;
const OUTPUTS = 12;
const SPARSE = 15;
/** `ai.onnx` is another name of the domain without one. */
export const isStandard = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

/** Whether the bytes begin as an ONNX file does: fields of a ModelProto alone, a version and a graph among them. */
export function isOnnx(bytes: Uint8Array): boolean {
  let [version, graph] = [false, false];
  const cursor = new Cursor(bytes, '');
  try {
    while (cursor.left > 0) {
      // the graph is nearly all of the file: a file that is cut off is cut off there
      if (version && bytes[cursor.at] === (GRAPH << 3) + 2) return true;
      const [number, { wire, value }] = readField(cursor);
      if (MODEL[number] !== wire) return false;
      if (number === IR_VERSION) version = value > 0 && value < 1000;
      if (number === GRAPH) graph = true;
    }
  } catch {
    return false;
  }
  return version && graph;
}

/**
 * Decodes an ONNX file. Tensors are views of it.
 * @throws ModelError where it is damaged or cut off
 */
export function readModelProto(source: ModelFile): Onnx {
  const { bytes, file } = source;
  const model = new Message(bytes, file);
  const graph = model.message(GRAPH, 'graph');
  if (!graph?.has(NODES)) throw new ModelError(invalid(`${file} graph`, 'no nodes', 'a graph with nodes'));
  const external = externalData(source);
  const tensors = readTensors(graph, file, external);
  const ports = (number: number) => graph.messages(number, 'value').map(readPort);
  const inputs = ports(INPUTS).filter(({ name }) => !tensors.has(name));
  const outputs = ports(OUTPUTS);
  if (outputs.length === 0) throw new ModelError(invalid(`${file} graph`, 'no outputs', 'a graph with outputs'));
  const nodes = graph.messages(NODES, 'node').map((node) => readNode(node, file, external));
  checkGraph(nodes, new Set([...tensors.keys(), ...inputs.map(({ name }) => name)]), outputs, file);
  return { file, opset: readOpset(model, file), nodes, tensors, inputs, outputs };
}

function readOpset(model: Message, file: string): number {
  const opset = model.messages(OPSETS, 'opset').find((message) => isStandard(message.text(1)));
  if (!opset) throw new ModelError(invalid(`${file} opset_import`, undefined, 'the version of the operators'));
  return opset.int(2);
}

function readTensors(graph: Message, file: string, external: External): Map<string, OnnxTensor> {
  const tensors = new Map<string, OnnxTensor>();
  const take = (tensor: OnnxTensor) => {
    if (tensors.has(tensor.name)) throw new ModelError(invalid(`${file} tensor`, tensor.name, 'a name of its own'));
    tensors.set(tensor.name, tensor);
  };
  for (const message of graph.messages(INITIALIZERS, 'tensor')) take(readTensor(message, file, external));
  // a sparse tensor is named by its values; no layer takes one
  for (const message of graph.messages(SPARSE, 'sparse tensor')) {
    take({
      name: message.message(1, 'values')?.text(8) ?? '',
      shape: Array.from(message.ints(3)),
      whole: false,
      tensor: null,
    });
  }
  return tensors;
}

function readPort(message: Message): Port {
  const tensor = message.message(2, 'type')?.message(1, 'tensor type');
  const shape = tensor?.message(2, 'shape');
  const dims = shape?.messages(1, 'dim').map((dim) => (dim.int(1) > 0 ? dim.int(1) : null));
  return { name: message.text(1), type: tensor?.int(1) ?? 0, dims: dims ?? null };
}

function readNode(message: Message, file: string, external: External): Node {
  const [inputs, outputs] = [message.texts(1), message.texts(2)];
  return {
    name: message.text(3) || outputs.find((name) => name !== '') || 'without a name',
    op: message.text(4),
    domain: message.text(7),
    inputs,
    outputs,
    attributes: new Attributes(message.messages(5, 'attribute'), file, external),
  };
}

/** Every value is given once, and before it is taken: so there is no cycle either. */
function checkGraph(nodes: readonly Node[], given: Set<string>, outputs: readonly Port[], file: string): void {
  for (const node of nodes) {
    const missing = node.inputs.find((name) => name !== '' && !given.has(name));
    if (missing !== undefined) {
      throw new ModelError(invalid(`${file} ${node.name}`, missing, 'a value that a node before it gives'));
    }
    for (const name of node.outputs) {
      if (name === '') continue;
      if (given.has(name))
        throw new ModelError(invalid(`${file} ${node.name}`, name, 'a value that nothing else gives'));
      given.add(name);
    }
  }
  const missing = outputs.find(({ name }) => !given.has(name));
  if (missing) throw new ModelError(invalid(`${file} output`, missing.name, 'a value that a node gives'));
}

/** What a node says beside its inputs. */
export class Attributes {
  readonly #messages: Map<string, Message>;
  readonly #file: string;
  readonly #external: External;

  constructor(messages: readonly Message[], file: string, external: External) {
    this.#messages = new Map(messages.map((message) => [message.text(1), message]));
    this.#file = file;
    this.#external = external;
  }

  has(name: string): boolean {
    return this.#messages.has(name);
  }

  /** A zero may be left out where the attribute itself is there. */
  float(name: string, otherwise: number): number {
    return this.#messages.get(name)?.float(2) ?? otherwise;
  }

  int(name: string, otherwise: number): number {
    return this.#messages.get(name)?.int(3) ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    return this.#messages.get(name)?.text(4) ?? otherwise;
  }

  tensor(name: string): OnnxTensor | null {
    const message = this.#messages.get(name)?.message(5, 'tensor');
    return message ? readTensor(message, this.#file, this.#external) : null;
  }

  floats(name: string): number[] | null {
    const bytes = this.#messages.get(name)?.packed(7, 4);
    return bytes ? Array.from(new Float32Array(bytes.slice().buffer)) : null;
  }

  ints(name: string): number[] | null {
    const ints = this.#messages.get(name)?.ints(8);
    return ints ? Array.from(ints) : null;
  }

  texts(name: string): string[] | null {
    return this.#messages.get(name)?.texts(9) ?? null;
  }
}

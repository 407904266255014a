/** Writes ONNX files for tests: the few fields of its protobuf messages that a model takes. */

/** Bytes of a message, in pieces. */
type Pieces = readonly Uint8Array[];

export type Attribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { floats: number | number[] }
  | OnnxData;

export interface OnnxData {
  name: string;
  dims: readonly number[];
  pieces: Pieces;
}

export interface OnnxNode {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Record<string, Attribute>;
  name?: string;
  domain?: string;
}

/** An input or an output; a text is an axis of any length. */
export interface OnnxPort {
  name: string;
  dims: readonly (number | string)[] | null;
  type?: number;
}

export interface OnnxGraph {
  nodes: readonly OnnxNode[];
  tensors?: readonly OnnxData[];
  inputs: readonly OnnxPort[];
  outputs: readonly OnnxPort[];
  opset?: number;
}

const utf8 = new TextEncoder();

function varint(value: number | bigint): Uint8Array {
  const out: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
  return Uint8Array.from(out);
}

const size = (pieces: Pieces) => pieces.reduce((sum, { length }) => sum + length, 0);

export function int(number: number, value: number | bigint): Pieces {
  return [varint(number << 3), varint(value)];
}

export function message(number: number, pieces: Pieces): Pieces {
  return [varint((number << 3) | 2), varint(size(pieces)), ...pieces];
}

export function text(number: number, value: string): Pieces {
  return message(number, [utf8.encode(value)]);
}

function float(number: number, value: number): Pieces {
  return [varint((number << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)];
}

/** One array out of pieces. */
export function bytesOf(pieces: Pieces): Uint8Array {
  const out = new Uint8Array(size(pieces));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** TensorProto: dims 1, data_type 2, name 8, then `content`. */
export function tensor(name: string, dims: readonly number[], type: number, content: Pieces): OnnxData {
  return { name, dims, pieces: [...dims.flatMap((n) => int(1, n)), ...int(2, type), ...text(8, name), ...content] };
}

export function floats(name: string, dims: readonly number[], values: ArrayLike<number>): OnnxData {
  const data = values instanceof Float32Array ? values : Float32Array.from(values);
  return tensor(name, dims, 1, message(9, [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]));
}

/** int64; without dims a list. */
export function longs(name: string, values: readonly number[], dims: readonly number[] = [values.length]): OnnxData {
  return tensor(name, dims, 7, message(9, [new Uint8Array(BigInt64Array.from(values, BigInt).buffer)]));
}

/** Values that lie in another file. */
export function external(name: string, dims: readonly number[], entries: Record<string, string>): OnnxData {
  const pairs = Object.entries(entries).flatMap(([key, value]) => message(13, [...text(1, key), ...text(2, value)]));
  return tensor(name, dims, 1, [...pairs, ...int(14, 1)]);
}

/** AttributeProto: name 1, f 2, i 3, s 4, t 5, floats 7, ints 8, strings 9, type 20. */
function attribute(name: string, value: Attribute): Pieces {
  const of = (type: number, content: Pieces) => [...text(1, name), ...content, ...int(20, type)];
  if (typeof value === 'number') return of(2, int(3, value));
  if (typeof value === 'string') return of(3, text(4, value));
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string')
      return of(
        8,
        (value as string[]).flatMap((item) => text(9, item)),
      );
    return of(7, message(8, (value as number[]).map(varint)));
  }
  if ('pieces' in value) return of(4, message(5, value.pieces));
  const { floats: list } = value as { floats: number | number[] };
  if (typeof list === 'number') return of(1, float(2, list));
  return of(6, message(7, [new Uint8Array(Float32Array.from(list).buffer)]));
}

/** NodeProto: input 1, output 2, name 3, op_type 4, attribute 5, domain 7. */
function node({ op, inputs, outputs, attributes = {}, name = '', domain = '' }: OnnxNode): Pieces {
  return [
    ...inputs.flatMap((input) => text(1, input)),
    ...outputs.flatMap((output) => text(2, output)),
    ...(name ? text(3, name) : []),
    ...text(4, op),
    ...Object.entries(attributes).flatMap(([key, value]) => message(5, attribute(key, value))),
    ...(domain ? text(7, domain) : []),
  ];
}

/** ValueInfoProto: name 1, type 2 -> tensor_type 1 -> elem_type 1, shape 2 -> dim 1 -> dim_value 1 | dim_param 2. */
function port({ name, dims, type = 1 }: OnnxPort): Pieces {
  const shape = dims?.flatMap((n) => message(1, typeof n === 'string' ? text(2, n) : int(1, n)));
  return [...text(1, name), ...message(2, message(1, [...int(1, type), ...(shape ? message(2, shape) : [])]))];
}

/** ModelProto: ir_version 1, graph 7 (node 1, name 2, initializer 5, input 11, output 12), opset_import 8. */
export function onnxFile({ nodes, tensors = [], inputs, outputs, opset = 17 }: OnnxGraph): Uint8Array {
  const graph = [
    ...nodes.flatMap((one) => message(1, node(one))),
    ...text(2, 'graph'),
    ...tensors.flatMap(({ pieces }) => message(5, pieces)),
    ...inputs.flatMap((one) => message(11, port(one))),
    ...outputs.flatMap((one) => message(12, port(one))),
  ];
  const imports = [
    ...message(8, [...text(1, ''), ...int(2, opset)]),
    ...nodes.flatMap(({ domain }) => (domain ? message(8, [...text(1, domain), ...int(2, 1)]) : [])),
  ];
  return bytesOf([...int(1, 8), ...message(7, graph), ...imports]);
}

/** Weights that are the same in every run: even numbers between -scale and scale. */
export function weights(name: string, dims: readonly number[], scale = 0.5): OnnxData {
  let seed = [...name].reduce((sum, letter) => sum * 31 + letter.codePointAt(0)!, dims.length) >>> 0;
  const values = new Float32Array(dims.reduce((product, n) => product * n, 1));
  for (let i = 0; i < values.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    values[i] = (seed / 2 ** 31 - 1) * scale;
  }
  return floats(name, dims, values);
}

/** W, R and B of a recurrent operator, D directions of G gates. */
export function recurrentWeights(gates: number, D: number, I: number, H: number, suffix = ''): OnnxData[] {
  return [
    weights(`W${suffix}`, [D, gates * H, I]),
    weights(`R${suffix}`, [D, gates * H, H]),
    weights(`B${suffix}`, [D, 2 * gates * H]),
  ];
}

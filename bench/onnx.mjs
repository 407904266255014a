/** The yardstick's model: writes LSTM -> Gemm as an ONNX file (protobuf, the few fields it takes) for onnxruntime-web. */

const varint = (n) => {
  const out = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    out.push(rest ? low | 128 : low);
  } while (rest);
  return Uint8Array.from(out);
};
const join = (...parts) => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};
const field = (number, bytes) => join(varint((number << 3) | 2), varint(bytes.length), bytes);
const fields = (number, list) => join(...list.map((bytes) => field(number, bytes)));
const int = (number, value) => join(varint(number << 3), varint(value));
const text = (number, value) => field(number, new TextEncoder().encode(value));
const raw = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

// TensorProto: dims 1, data_type 2 (1 float, 7 int64), name 8, raw_data 9
const tensor = (name, dims, values) =>
  join(...dims.map((d) => int(1, d)), int(2, 1), text(8, name), field(9, raw(Float32Array.from(values))));
const longs = (name, values) =>
  join(int(1, values.length), int(2, 7), text(8, name), field(9, raw(BigInt64Array.from(values, BigInt))));
// NodeProto: input 1, output 2, op_type 4, attribute 5 (name 1, i 3, type 20: 2 int)
const node = (op, inputs, outputs, attributes = {}) =>
  join(
    ...inputs.map((i) => text(1, i)),
    ...outputs.map((o) => text(2, o)),
    text(4, op),
    ...Object.entries(attributes).map(([name, i]) => field(5, join(text(1, name), int(3, i), int(20, 2)))),
  );
// ValueInfoProto: name 1, type 2 -> tensor_type 1 -> elem_type 1, shape 2 -> dim 1 -> dim_param 2 | dim_value 1
const value = (name, dims) => {
  const shape = fields(
    1,
    dims.map((d) => (typeof d === 'string' ? text(2, d) : int(1, d))),
  );
  return join(text(1, name), field(2, field(1, join(int(1, 1), field(2, shape)))));
};

/**
 * x (T, N, F) -> y (N, O); with `state`, the states of every layer (1, N, H) come in as h0, c0, .. and go out as h0n, c0n, ..
 * @param spec LSTM layers and one Dense, linear or softmax
 */
export function lstmOnnx(spec, { state = false } = {}) {
  const lstms = spec.layers.filter(({ kind }) => kind === 'lstm');
  const dense = spec.layers.at(-1);
  const nodes = [];
  const tensors = [longs('first', [0]), longs('second', [1])];
  const states = [];
  let below = 'x';
  for (const [l, { inputs, units: H, kernel, recurrent, bias }] of lstms.entries()) {
    const given = state ? ['', `h${l}`, `c${l}`] : [];
    if (state) states.push([`h${l}`, H], [`c${l}`, H]);
    nodes.push(
      node('LSTM', [below, `W${l}`, `R${l}`, `B${l}`, ...given], [`Y${l}`, `h${l}n`, `c${l}n`], { hidden_size: H }),
    );
    if (l < lstms.length - 1) nodes.push(node('Squeeze', [`Y${l}`, 'second'], [`s${l}`]));
    below = `s${l}`;
    tensors.push(
      tensor(`W${l}`, [1, 4 * H, inputs], gates(kernel, inputs, H)),
      tensor(`R${l}`, [1, 4 * H, H], gates(recurrent, H, H)),
      tensor(
        `B${l}`,
        [1, 8 * H],
        [...ORDER.flatMap((g) => Array.from(bias.subarray(g * H, (g + 1) * H))), ...new Array(4 * H).fill(0)],
      ),
    );
  }
  const softmax = dense.activation === 'softmax';
  nodes.push(
    node('Squeeze', [`h${lstms.length - 1}n`, 'first'], ['h']),
    node('Gemm', ['h', 'K', 'k'], [softmax ? 'logits' : 'y']),
    ...(softmax ? [node('Softmax', ['logits'], ['y'])] : []),
  );
  tensors.push(tensor('K', [dense.inputs, dense.units], dense.kernel), tensor('k', [dense.units], dense.bias));
  const width = lstms[0].inputs;
  const graph = join(
    fields(1, nodes),
    text(2, 'lstm'),
    fields(5, tensors),
    fields(11, [value('x', ['T', 'N', width]), ...states.map(([name, H]) => value(name, [1, 'N', H]))]),
    fields(12, [value('y', ['N', dense.units]), ...states.map(([name, H]) => value(`${name}n`, [1, 'N', H]))]),
  );
  return join(int(1, 8), field(7, graph), field(8, join(text(1, ''), int(2, 17))));
}

/** ONNX wants i, o, f, c where the library has i, f, g, o. */
const ORDER = [0, 3, 1, 2];

/** (rows, 4H), gates side by side, to (4H, rows). */
function gates(matrix, rows, H) {
  const out = new Float32Array(matrix.length);
  ORDER.forEach((from, g) => {
    for (let u = 0; u < H; u++)
      for (let k = 0; k < rows; k++) out[(g * H + u) * rows + k] = matrix[k * 4 * H + from * H + u];
  });
  return out;
}

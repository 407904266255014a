/** The yardstick's model: writes LSTM -> Gemm as an ONNX file (protobuf, the few fields it takes) for onnxruntime-web. */

const varint = (n) => {
  const out = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    out.push(rest ? low | 128 : low);
  } while (rest);
  return out;
};
const field = (number, bytes) => [...varint((number << 3) | 2), ...varint(bytes.length), ...bytes];
const int = (number, value) => [...varint(number << 3), ...varint(value)];
const text = (number, value) => field(number, [...new TextEncoder().encode(value)]);
const floatBytes = (values) => [...new Uint8Array(Float32Array.from(values).buffer)];

// TensorProto: dims 1, data_type 2 (1 float, 7 int64), name 8, raw_data 9
const tensor = (name, dims, values) => [
  ...dims.flatMap((d) => int(1, d)),
  ...int(2, 1),
  ...text(8, name),
  ...field(9, floatBytes(values)),
];
const longs = (name, values) => [
  ...int(1, values.length),
  ...int(2, 7),
  ...text(8, name),
  ...field(9, [...new Uint8Array(BigInt64Array.from(values, BigInt).buffer)]),
];
// NodeProto: input 1, output 2, op_type 4, attribute 5 (name 1, i 3, type 20: 2 int)
const node = (op, inputs, outputs, attributes = {}) => [
  ...inputs.flatMap((i) => text(1, i)),
  ...outputs.flatMap((o) => text(2, o)),
  ...text(4, op),
  ...Object.entries(attributes).flatMap(([name, i]) => field(5, [...text(1, name), ...int(3, i), ...int(20, 2)])),
];
// ValueInfoProto: name 1, type 2 -> tensor_type 1 -> elem_type 1, shape 2 -> dim 1 -> dim_param 2 | dim_value 1
const value = (name, dims) => [
  ...text(1, name),
  ...field(
    2,
    field(1, [
      ...int(1, 1),
      ...field(
        2,
        dims.flatMap((d) => field(1, typeof d === 'string' ? text(2, d) : int(1, d))),
      ),
    ]),
  ),
];

/**
 * x (T, N, F) -> y (N, 1); with `state`, h and c (1, N, H) come in and go out as well.
 * @param spec a model of `lstmModel`
 */
export function lstmOnnx(spec, { state = false } = {}) {
  const [lstm, dense] = spec.layers;
  const { inputs: F, units: H } = lstm;
  const order = [0, 3, 1, 2]; // i, o, f, c out of i, f, g, o
  const gate = (matrix, rows) =>
    order.flatMap((g) =>
      Array.from({ length: H }, (_, u) => Array.from({ length: rows }, (_, k) => matrix[k * 4 * H + g * H + u])).flat(),
    );
  const bias = order.flatMap((g) => Array.from(lstm.bias.subarray(g * H, (g + 1) * H)));
  const states = state ? ['', 'h0', 'c0'] : [];
  const nodes = [
    node('LSTM', ['x', 'W', 'R', 'B', ...states], ['Y', 'Yh', 'Yc'], { hidden_size: H }),
    node('Squeeze', ['Yh', 'axes'], ['h']),
    node('Gemm', ['h', 'K', 'k'], ['y']),
  ];
  const graph = [
    ...nodes.flatMap((n) => field(1, n)),
    ...text(2, 'lstm'),
    ...[
      tensor('W', [1, 4 * H, F], gate(lstm.kernel, F)),
      tensor('R', [1, 4 * H, H], gate(lstm.recurrent, H)),
      tensor('B', [1, 8 * H], [...bias, ...new Array(4 * H).fill(0)]),
      longs('axes', [0]),
      tensor('K', [H, 1], dense.kernel),
      tensor('k', [1], dense.bias),
    ].flatMap((t) => field(5, t)),
    ...[value('x', ['T', 'N', F]), ...(state ? [value('h0', [1, 'N', H]), value('c0', [1, 'N', H])] : [])].flatMap(
      (v) => field(11, v),
    ),
    ...[value('y', ['N', 1]), ...(state ? [value('Yh', [1, 'N', H]), value('Yc', [1, 'N', H])] : [])].flatMap((v) =>
      field(12, v),
    ),
  ];
  return Uint8Array.from([...int(1, 8), ...field(7, graph), ...field(8, [...text(1, ''), ...int(2, 17)])]);
}

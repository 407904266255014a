import * as ort from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readModel } from '../../../src/model/formats/index.ts';
import { isOnnx, readOnnx } from '../../../src/model/formats/onnx.ts';
import type { LayerSpec, ModelSpec } from '../../../src/model/spec.ts';
import { expectClose, goldenFile, goldenTensors } from '../../golden/golden.ts';
import { reference } from '../../reference/forward.ts';
import { mutations } from './fuzz.ts';
import { F, H, headless, type Made, made, N, op, plain, T, x, y } from './onnxModels.ts';
import {
  bytesOf,
  external,
  floats,
  int,
  longs,
  message,
  type OnnxData,
  type OnnxGraph,
  onnxFile,
  recurrentWeights,
  tensor,
  text,
  weights,
} from './onnxWriter.ts';

ort.env.wasm.numThreads = 1;

const read = (bytes: Uint8Array) => readOnnx({ bytes, file: 'm.onnx' });
/** The model as it is, with some of its parts replaced. */
const changed = (name: string, change: Partial<OnnxGraph>) => read(onnxFile({ ...made[name]!, ...change }));
const LAST_STATE = 'the last state of an LSTM';

describe('layers out of an ONNX graph answer as onnxruntime-web does', () => {
  it.each(Object.entries(made))('%s', async (_, graph) => {
    const bytes = onnxFile(graph);
    const spec = read(bytes);
    expect(spec.blackBox?.reason).toBeUndefined();
    expect(spec.layers.map(({ kind }) => kind).join(' ')).toBe(graph.kinds);
    expect(spec.mode).toBe(graph.mode ?? 'stateful');
    const windows = Array.from({ length: N }, (_, n) => window(n, spec.inputs, graph.tokens));
    // a file for one window at a time is asked about each of them
    const [batch] = graph.inputs.find(({ name }) => name === 'x')!.dims!;
    const batches = batch === 1 ? windows.map((one) => [one]) : [windows];
    for (const asked of batches) {
      const answers = await runtime(bytes, graph, asked);
      asked.forEach((rows, n) => {
        const { output } = reference(spec).run(rows);
        const end = (answers.length / asked.length) * (n + 1);
        expectClose(output, answers.subarray(end - output.length, end), {}, `window ${n}`);
      });
    }
  });
});

/** T ticks of values that a reader can work out; no two windows alike. */
function window(n: number, width: number, tokens?: number): number[][] {
  const value = (t: number, f: number) => (n * 37 + t * 11 + f * 5) % 23;
  return Array.from({ length: T }, (_, t) =>
    Array.from({ length: width }, (_, f) => (tokens ? value(t, f) % tokens : value(t, f) / 8 - 1.25)),
  );
}

/** The output y for all windows at once; states that come in are zero. */
async function runtime(bytes: Uint8Array, graph: Made, windows: number[][][]): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const feeds: Record<string, ort.Tensor> = {};
  for (const { name, dims, type } of graph.inputs) {
    const sizes = dims!.map((n) => ({ N, T, F: windows[0]![0]!.length })[n] ?? Number(n));
    const values = name === 'x' ? laidOut(windows, graph) : new Array(sizes.reduce((a, b) => a * b, 1)).fill(0);
    feeds[name] =
      type === 7
        ? new ort.Tensor('int64', BigInt64Array.from(values, BigInt), sizes)
        : new ort.Tensor('float32', Float32Array.from(values), sizes);
  }
  const answer = await session.run(feeds);
  await session.release();
  return answer.y!.data as Float32Array;
}

function laidOut(windows: number[][][], { ticksFirst }: Made): number[] {
  if (!ticksFirst) return windows.flat(2);
  return Array.from({ length: T }, (_, t) => windows.map((rows) => rows[t]!)).flat(2);
}

describe('golden models', () => {
  it.each(['torch-lstm', 'torch-gru', 'torch-lstm-bidirectional'])('%s', (name) => {
    const spec = readModel(goldenFile(name, 'model.onnx'), 'model.onnx');
    expect(spec.format).toBe('onnx');
    expect(spec.blackBox).toBeUndefined();
    expect(spec.window).toBeNull();
    expect(spec.mode).toBe(name === 'torch-lstm-bidirectional' ? 'windowed' : 'stateful');
    const { x: inputs, y_f64: outputs } = goldenTensors(name);
    const [windows, ticks] = inputs!.shape as [number, number];
    for (let n = 0; n < windows; n++) {
      const rows = Array.from({ length: ticks }, (_, t) => inputs!.row(n, t));
      expectClose(reference(spec).run(rows).output, outputs!.row(n), {}, `y ${n}`);
    }
  });

  it.each(['torch-lstm', 'torch-gru', 'torch-lstm-bidirectional'])('%s has the weights of its state dict', (name) => {
    const [onnx, twin] = ['model.onnx', 'model.safetensors'].map((file) => readModel(goldenFile(name, file), file));
    expect(trained(onnx!)).toEqual(trained(twin!));
  });

  it('names layers after nodes', () => {
    const { layers, outputs } = readModel(goldenFile('torch-lstm', 'model.onnx'), 'model.onnx');
    expect(layers.map(({ name }) => name)).toEqual(['rnn', 'rnn_1', 'gather', 'fc']);
    expect(outputs).toEqual(['fc']);
  });
});

/** What was learned, layer by layer. */
function trained({ layers }: ModelSpec): Partial<LayerSpec>[] {
  return layers
    .filter((layer) => 'kernel' in layer)
    .map((layer) => {
      const { kind, kernel, bias, backwards, recurrent, resetAfter } = { backwards: false, ...layer } as Record<
        string,
        unknown
      >;
      return { kind, kernel, bias, backwards, recurrent, resetAfter } as Partial<LayerSpec>;
    });
}

describe('readOnnx', () => {
  it('reads layout 1 as layout 0 between two Transposes', () => {
    const weightsOf = [...recurrentWeights(4, 2, F, H), ...headless(2 * H)];
    const rest = { inputs: [x], outputs: [y], tensors: weightsOf };
    const attributes = { hidden_size: H, direction: 'bidirectional' };
    const merged = [op('Gather', 's minus', 'h', { axis: 1 }), op('Gemm', 'h K k', 'y')];
    const one = [op('LSTM', 'x W R B', 'Y Yh', { ...attributes, layout: 1 }), op('Reshape', 'Y flat', 's'), ...merged];
    const other = [
      op('Transpose', 'x', 'xt', { perm: [1, 0, 2] }),
      op('LSTM', 'xt W R B', 'Y Yh', attributes),
      op('Transpose', 'Y', 'yt', { perm: [2, 0, 1, 3] }),
      op('Reshape', 'yt flat', 's'),
      ...merged,
    ];
    const flat = longs('flat', [0, 0, -1]);
    const [a, b] = [one, other].map((nodes) => read(onnxFile({ ...rest, nodes, tensors: [...weightsOf, flat] })));
    expect(a!.blackBox).toBeUndefined();
    expect(a).toEqual(b);
  });

  it.each<[string, number, (values: number[]) => OnnxData['pieces']]>([
    ['float_data', 1, (values) => message(4, [new Uint8Array(Float32Array.from(values).buffer)])],
    ['double_data', 11, (values) => message(10, [new Uint8Array(Float64Array.from(values).buffer)])],
    ['raw float16', 10, () => message(9, [Uint8Array.of(0x00, 0x3c, 0x00, 0xc0)])],
    ['float16 in int32_data', 10, () => message(5, [Uint8Array.of(0x80, 0x78, 0x80, 0x80, 0x03)])],
    ['raw bfloat16', 16, () => message(9, [Uint8Array.of(0x80, 0x3f, 0x00, 0xc0)])],
  ])('reads %s', (_, type, content) => {
    const bias = tensor('k', [2], type, content([1, -2]));
    const { layers } = changed(LAST_STATE, { tensors: [...plain.filter(({ name }) => name !== 'k'), bias] });
    expect(layers.at(-1)).toMatchObject({ kind: 'dense', bias: Float32Array.of(1, -2) });
  });

  it('reads weights that lie in another file', () => {
    const values = Float32Array.of(9, 1, -2);
    const bias = external('k', [2], { location: 'more/weights.bin', offset: '4', length: '8' });
    const bytes = onnxFile({ ...made[LAST_STATE]!, tensors: [...plain.filter(({ name }) => name !== 'k'), bias] });
    const asked: string[] = [];
    const beside = (name: string) => {
      asked.push(name);
      return new Uint8Array(values.buffer);
    };
    const { layers } = readOnnx({ bytes, file: 'm.onnx', beside });
    expect(layers.at(-1)).toMatchObject({ bias: Float32Array.of(1, -2) });
    expect(asked).toEqual(['more/weights.bin']);
    expect(() => readOnnx({ bytes, file: 'm.onnx' })).toThrow(
      /^invalid m\.onnx tensor k location: 'more\/weights\.bin'/,
    );
  });

  it('knows the mean that a difference takes away', () => {
    const spec = read(onnxFile(made['inputs that are standardised']!));
    expect(spec.mean).toEqual(Float32Array.of(0.5, -1, 2));
  });

  it('keeps the length of the window that the file fixes', () => {
    expect(read(onnxFile(made['a window of fixed length']!))).toMatchObject({ window: T, mode: 'windowed' });
    expect(read(onnxFile(made[LAST_STATE]!))).toMatchObject({ window: null, mode: 'stateful' });
  });

  it.each<[string, Partial<OnnxGraph>, string]>([
    ['peepholes', lstmWith('x W R B - - - P', {}, [weights('P', [1, 3 * H])]), 'node Y is an LSTM with peepholes'],
    ['clip', lstmWith('x W R B', { clip: { floats: 3 } }), 'node Y is an LSTM with clip'],
    ['input_forget', lstmWith('x W R B', { input_forget: 1 }), 'node Y is an LSTM with input_forget'],
    [
      'lengths',
      lstmWith('x W R B lengths', {}, [longs('lengths', [T, T])]),
      'node Y is an LSTM with given lengths of sequences',
    ],
    [
      'a state that is not zero',
      lstmWith('x W R B - s s', {}, [floats('s', [1, 1, H], [0, 0, 1, 0, 0])]),
      'node Y is an LSTM whose initial state is not zero',
    ],
    [
      'an unknown activation',
      lstmWith('x W R B', { activations: ['Sigmoid', 'ScaledTanh', 'Tanh'] }),
      'node Y is an LSTM with the activation ScaledTanh',
    ],
    [
      'unlike activations of candidate and state',
      lstmWith('x W R B', { activations: ['Sigmoid', 'Relu', 'Tanh'] }),
      'node Y is an LSTM with unlike activations of candidate and state',
    ],
    [
      'another operator',
      { nodes: [{ ...op('Conv', 'x W', 'y'), name: '/blocks/Conv' }] },
      'node /blocks/Conv is a Conv',
    ],
    [
      'an operator of another domain',
      { nodes: [{ ...op('Gemm', 'x W', 'y'), domain: 'com.example' }] },
      'node y is a Gemm of the domain com.example',
    ],
    ['old operators', { nodes: [op('Relu', 'x', 'y')], opset: 6 }, 'its operators are of version 6, before 7'],
    ['nothing computed', { nodes: [op('Identity', 'x', 'y')] }, 'its output is its input'],
    [
      'a softmax over ticks',
      { nodes: [op('Softmax', 'x', 'y', { axis: 1 })] },
      'node y is a Softmax along an axis that is not that of the features',
    ],
  ])('makes a black box of %s', (_, change, reason) => {
    const spec = changed(LAST_STATE, { inputs: [{ ...x, dims: ['N', T, F] }], tensors: plain, ...change });
    expect(spec.layers).toEqual([]);
    expect(spec).toMatchObject({ format: 'onnx', inputs: F, mode: 'windowed', window: T });
    expect(spec.blackBox).toMatchObject({ input: 'x', output: 'y', reason });
  });
});

/** The last state of an LSTM of these inputs and attributes, that runs along what is given as the batch. */
function lstmWith(inputs: string, attributes: Parameters<typeof op>[3], tensors: OnnxData[] = []): Partial<OnnxGraph> {
  const from = inputs.replace('x', 'xt');
  return {
    nodes: [
      op('Transpose', 'x', 'xt', { perm: [1, 0, 2] }),
      op('LSTM', from, 'Y Yh', { hidden_size: H, ...attributes }),
      op('Squeeze', 'Yh zero', 'h'),
      op('Gemm', 'h K k', 'y'),
    ],
    tensors: [...plain, ...tensors],
  };
}

describe('damaged and foreign ONNX files', () => {
  const bytes = goldenFile('torch-lstm', 'model.onnx');

  it('are recognised by their content', () => {
    expect(isOnnx(bytes)).toBe(true);
    expect(isOnnx(bytes.subarray(0, 1000))).toBe(true);
    expect(isOnnx(onnxFile(made[LAST_STATE]!))).toBe(true);
    // a graph before the version
    expect(isOnnx(bytesOf([...message(7, []), ...int(1, 8)]))).toBe(true);
    for (const file of ['model.pt', 'model.safetensors']) expect(isOnnx(goldenFile('torch-lstm', file))).toBe(false);
    expect(isOnnx(new Uint8Array(0))).toBe(false);
    expect(isOnnx(Uint8Array.of(8, 8))).toBe(false);
    expect(isOnnx(new TextEncoder().encode('{"format": "layers-model"}'))).toBe(false);
    // a TensorFlow SavedModel: a version, then field 2 as texts, but no graph
    expect(isOnnx(bytesOf([...int(1, 1), ...text(2, 'serve')]))).toBe(false);
  });

  it('are refused wherever they are cut off', () => {
    for (let end = 40; end < bytes.length; end += 997) {
      expect(() => read(bytes.subarray(0, end)), `${end} bytes`).toThrow(ModelError);
      expect(() => read(bytes.subarray(0, end)), `${end} bytes`).toThrow(/^invalid m\.onnx/);
    }
  });

  const kernel = (dims: number[], count: number) => [
    ...plain.filter(({ name }) => name !== 'K'),
    floats('K', dims, new Float32Array(count)),
  ];
  it.each<[string, Partial<OnnxGraph>, RegExp]>([
    [
      'fewer values than the shape says',
      { tensors: kernel([H, 2], 9) },
      /^invalid m\.onnx tensor K: '9 values' \(expected 10/,
    ],
    [
      'weights of another shape',
      { tensors: kernel([4, 2], 8) },
      /^invalid m\.onnx y weights: 'shape \[4, 2\]' \(expected shape \[5, 2\]/,
    ],
    [
      'gates of another number',
      { tensors: [...plain.slice(1), weights('W', [1, 3 * H, F])] },
      /^invalid m\.onnx Y W: 'shape \[1, 15, 3\]' \(expected shape \[1, 20, 3\]/,
    ],
    [
      'a size of two gigabytes',
      { tensors: [...plain.slice(1), tensor('W', [1, 2 ** 31, 1], 1, [])] },
      /expected 2147483648/,
    ],
    [
      'sizes beyond all numbers',
      { tensors: [tensor('W', [2 ** 40, 2 ** 40], 1, [])] },
      /^invalid m\.onnx tensor W dims/,
    ],
    ['a negative size', { tensors: [tensor('W', [-1], 1, [])] }, /^invalid m\.onnx tensor W dims/],
    [
      'NaN',
      {
        tensors: kernel([H, 2], 10).map((t) =>
          t.name === 'K' ? floats('K', [H, 2], new Float32Array(10).fill(Number.NaN)) : t,
        ),
      },
      /^invalid m\.onnx y kernel\[0\]: NaN/,
    ],
    [
      'a missing tensor',
      { tensors: plain.slice(1) },
      /^invalid m\.onnx Y: 'W' \(expected a value that a node before it gives/,
    ],
    ['two tensors of one name', { tensors: [...plain, plain[0]!] }, /^invalid m\.onnx tensor: 'W'/],
    ['a cycle', { nodes: [op('Add', 'x b', 'a'), op('Relu', 'a', 'b')] }, /^invalid m\.onnx a: 'b'/],
    [
      'a value given twice',
      { nodes: [op('Relu', 'x', 'y'), op('Tanh', 'x', 'y')] },
      /^invalid m\.onnx y: 'y' \(expected a value that nothing else gives/,
    ],
    ['an output that nobody gives', { outputs: [{ name: 'z', dims: ['N', 2] }] }, /^invalid m\.onnx output: 'z'/],
    ['no nodes', { nodes: [] }, /^invalid m\.onnx graph: 'no nodes'/],
    ['no outputs', { outputs: [] }, /^invalid m\.onnx graph: 'no outputs'/],
    ['a hidden size of nothing', lstmWith('x W R B', { hidden_size: 0 }), /^invalid m\.onnx Y hidden_size: 0/],
  ])('%s', (_, change, message) => {
    expect(() => changed(LAST_STATE, { tensors: plain, ...change })).toThrow(ModelError);
    expect(() => changed(LAST_STATE, { tensors: plain, ...change })).toThrow(message);
  });

  it.each(['/etc/passwd', '../weights.bin', 'a/../../weights.bin', 'C:\\weights.bin', 'a\\b', '', 'a//b'])(
    'never opens %j for weights',
    (location) => {
      const bias = external('k', [2], { location });
      const bytes = onnxFile({ ...made[LAST_STATE]!, tensors: [...plain.filter(({ name }) => name !== 'k'), bias] });
      const beside = () => expect.fail('it was opened');
      expect(() => readOnnx({ bytes, file: 'm.onnx', beside })).toThrow(/^invalid m\.onnx tensor k location: /);
    },
  );

  it.each<[Record<string, string>, RegExp]>([
    [{ offset: '1' }, /^invalid m\.onnx tensor k: 'bytes 1 to 9' \(expected a place in the 8 bytes of w/],
    [{ offset: '-1' }, /^invalid m\.onnx tensor k offset: '-1'/],
    [{ offset: '99999999999999999999' }, /^invalid m\.onnx tensor k offset/],
    [{ length: '4' }, /^invalid m\.onnx tensor k length: 4 \(expected 8/],
  ])('never reads past the end of another file: %j', (entries, message) => {
    const bias = external('k', [2], { location: 'w', ...entries });
    const bytes = onnxFile({ ...made[LAST_STATE]!, tensors: [...plain.filter(({ name }) => name !== 'k'), bias] });
    expect(() => readOnnx({ bytes, file: 'm.onnx', beside: () => new Uint8Array(8) })).toThrow(message);
  });

  it('says which file it could not open', () => {
    const bias = external('k', [2], { location: 'gone.bin' });
    const bytes = onnxFile({ ...made[LAST_STATE]!, tensors: [...plain.filter(({ name }) => name !== 'k'), bias] });
    const beside = () => {
      throw new Error('ENOENT');
    };
    expect(() => readOnnx({ bytes, file: 'm.onnx', beside })).toThrow(
      /^invalid m\.onnx tensor k location: 'gone\.bin'/,
    );
  });

  it('takes its weights once, not a thousand times', () => {
    const products = Array.from({ length: 3000 }, (_, i) => op('MatMul', `x${i} Q`, `x${i + 1}`));
    const nodes = [op('Relu', 'x', 'x0'), ...products, op('Identity', 'x3000', 'y')];
    const inputs = [{ name: 'x', dims: ['N', T, 100] }];
    const spec = changed(LAST_STATE, { nodes, inputs, tensors: [weights('Q', [100, 100])] });
    expect(spec.blackBox?.reason).toBe('it uses the same weights over and over');
  });

  it('answers each of 2000 damaged files with a model or a ModelError', () => {
    let refused = 0;
    for (const damaged of mutations(bytes, 2000, 7)) {
      try {
        read(damaged);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

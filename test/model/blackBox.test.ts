import { describe, expect, it } from 'vitest';
import { ConfigError, ModelError } from '../../src/errors.ts';
import { type BlackBox, openBlackBox } from '../../src/model/blackBox.ts';
import { readOnnx } from '../../src/model/formats/onnx.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { expectClose, goldenFile, goldenTensors } from '../golden/golden.ts';
import { op } from './formats/onnxModels.ts';
import { external, floats, longs, type OnnxGraph, type OnnxPort, onnxFile } from './formats/onnxWriter.ts';

const read = (bytes: Uint8Array, beside?: (name: string) => Uint8Array) => readOnnx({ bytes, file: 'm.onnx', beside });

async function using<R>(spec: ModelSpec, ask: (box: BlackBox) => Promise<R>): Promise<R> {
  const box = await openBlackBox(spec);
  try {
    return await ask(box);
  } finally {
    await box.close();
  }
}

describe.each(['onnx-blackbox-tcn', 'onnx-blackbox-transformer'])('%s', (name) => {
  const spec = read(goldenFile(name, 'model.onnx'));
  const { x, y, y_f64: truth, occlusion_cell_zero: effects } = goldenTensors(name);
  const [N, T, F] = x!.shape as [number, number, number];

  it('is a black box that says why', () => {
    expect(spec).toMatchObject({ format: 'onnx', inputs: F, outputs: ['y'], layers: [], mode: 'windowed', window: T });
    expect(spec.blackBox).toMatchObject({ input: 'x', output: 'y' });
    expect(spec.blackBox!.reason).toMatch(/^node \S+ is an? \w+/);
    expect(spec.blackBox!.operators).toContain('Gemm');
  });

  it('answers as PyTorch does', async () => {
    const answers = await using(spec, (box) => box.run(Float32Array.from(x!.data), N, T));
    expectClose(answers, y!.data, { atol: 1e-5, rtol: 0 }, 'y');
    expectClose(answers, truth!.data, { atol: 1e-5, rtol: 0 }, 'y_f64');
  });

  it('shows what every cell did', async () => {
    const cells = T * F;
    await using(spec, async (box) => {
      for (let n = 0; n < N; n++) {
        // the window as it is, then one with each cell set to zero
        const windows = new Float32Array((cells + 1) * cells);
        for (let i = 0; i <= cells; i++) windows.set(x!.row(n), i * cells);
        for (let i = 0; i < cells; i++) windows[(i + 1) * cells + i] = 0;
        const [seen, ...without] = await box.run(windows, cells + 1, T);
        const found = without.map((value) => seen! - value);
        expectClose(found, effects!.row(n), { atol: 2e-5, rtol: 1e-4 }, `window ${n}`);
      }
    });
  });
});

/** y = w x + b through an operator that no layer does: Round leaves whole numbers as they are. */
const made = (change: Partial<OnnxGraph> = {}): OnnxGraph => ({
  nodes: [op('Round', 'x', 'r'), op('Gather', 'r last', 'l', { axis: 1 }), op('Gemm', 'l w b', 'y')],
  tensors: [longs('last', [-1], []), floats('w', [2, 3], [1, 10, 100, 2, 20, 200]), floats('b', [3], [0.5, 0.25, 0])],
  inputs: [{ name: 'x', dims: ['N', 'T', 2] }],
  outputs: [{ name: 'y', dims: ['N', 3] }],
  ...change,
});
const lastTick = { nodes: [op('Round', 'x', 'r'), op('Gather', 'r last', 'y', { axis: 1 })] };

describe('a black box', () => {
  it('has a name for each output', () => {
    const spec = read(onnxFile(made()));
    expect(spec.outputs).toEqual(['y_0', 'y_1', 'y_2']);
    expect(spec.window).toBeNull();
    expect(spec.blackBox).toMatchObject({
      reason: 'node r is a Round',
      operators: ['Gather', 'Gemm', 'Round'],
      parameters: 10,
    });
  });

  it.each([
    ['any number of windows', 'N'],
    ['one window', 1],
    ['two windows', 2],
  ] as const)('answers where the file takes %s at a time', async (_, batch) => {
    const spec = read(onnxFile(made({ inputs: [{ name: 'x', dims: [batch, 'T', 2] }] })));
    // three windows of two ticks: the last ticks are (1, 2), (3, 4), (5, 6)
    const windows = Float32Array.of(9, 9, 1, 2, 9, 9, 3, 4, 9, 9, 5, 6);
    const answers = await using(spec, (box) => box.run(windows, 3, 2));
    expect([...answers]).toEqual([5.5, 50.25, 500, 11.5, 110.25, 1100, 17.5, 170.25, 1700]);
  });

  it('answers thousands of windows in their order', async () => {
    const windows = Float32Array.from({ length: 2 * 1000 }, (_, i) => (i % 2 ? 0 : i / 2));
    const answers = await using(read(onnxFile(made())), (box) => box.run(windows, 1000, 1));
    expect(answers.length).toBe(3000);
    for (let n = 0; n < 1000; n++) expect(answers[3 * n + 1]).toBe(10 * n + 0.25);
  });

  it('reads (N, T) as one feature, and (N) as one output', async () => {
    const spec = read(
      onnxFile(made({ ...lastTick, inputs: [{ name: 'x', dims: ['N', 3] }], outputs: [{ name: 'y', dims: ['N'] }] })),
    );
    expect(spec).toMatchObject({ inputs: 1, window: 3, outputs: ['y'] });
    expect([...(await using(spec, (box) => box.run(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)))]).toEqual([3, 6]);
  });

  it('takes the last tick of a sequence', async () => {
    const spec = read(
      onnxFile(made({ nodes: [op('Round', 'x', 'y')], outputs: [{ name: 'y', dims: ['N', 'T', 2] }] })),
    );
    expect(spec.outputs).toEqual(['y_0', 'y_1']);
    expect([...(await using(spec, (box) => box.run(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2, 2)))]).toEqual([
      3, 4, 7, 8,
    ]);
  });

  it('carries weights that lay in another file', async () => {
    const [last, , b] = made().tensors!;
    const w = external('w', [2, 3], { location: 'w.bin', offset: '8' });
    const bytes = new Uint8Array(Float32Array.of(7, 7, 1, 10, 100, 2, 20, 200).buffer);
    const spec = read(onnxFile(made({ tensors: [last!, w, b!] })), () => bytes);
    expect([...(await using(spec, (box) => box.run(Float32Array.of(1, 2), 1, 1)))]).toEqual([5.5, 50.25, 500]);
  });

  const port = (dims: OnnxPort['dims'], type?: number): OnnxPort => ({ name: 'x', dims, ...(type ? { type } : {}) });
  const out = (dims: OnnxPort['dims'], type?: number): OnnxPort => ({ ...port(dims, type), name: 'y' });
  it.each<[string, Partial<OnnxGraph>, RegExp]>([
    [
      'two inputs',
      { inputs: [port(['N', 'T', 2]), { name: 'z', dims: [1] }] },
      /^invalid m\.onnx inputs: \["x","z"\] \(expected one input/,
    ],
    ['whole numbers', { inputs: [port(['N', 'T', 2], 7)] }, /^invalid m\.onnx input x: 'type 7' \(expected a float32/],
    ['features of any number', { inputs: [port(['N', 'T', 'F'])] }, /^invalid m\.onnx input x: '\[open, open, open\]'/],
    ['four axes', { inputs: [port(['N', 'T', 2, 2])] }, /^invalid m\.onnx input x: '\[open, open, 2, 2\]'/],
    ['any axes', { inputs: [port(null)] }, /^invalid m\.onnx input x: 'any axes'/],
    [
      'two outputs',
      { outputs: [out(['N', 3]), { name: 'l', dims: ['N', 2] }] },
      /^invalid m\.onnx outputs: \["y","l"\] \(expected one output/,
    ],
    ['an output of four axes', { outputs: [out(['N', 3, 1, 1])] }, /^invalid m\.onnx output y: '\[open, 3, 1, 1\]'/],
    ['an output of doubles', { outputs: [out(['N', 3], 11)] }, /^invalid m\.onnx output y: 'type 11'/],
    [
      'weights that are no numbers',
      { tensors: [...made().tensors!.slice(0, 2), floats('b', [3], [0, Number.NaN, 0])] },
      /^invalid m\.onnx tensor b\[1\]: NaN/,
    ],
  ])('is refused with %s', (_, change, message) => {
    expect(() => read(onnxFile(made(change)))).toThrow(ModelError);
    expect(() => read(onnxFile(made(change)))).toThrow(message);
  });

  it('is refused where the ticks come before the batch', () => {
    const nodes = [op('RNN', 'x W R', 'Y Yh', { hidden_size: 1, clip: { floats: 1 } }), op('Squeeze', 'Yh zero', 'y')];
    const tensors = [longs('zero', [0]), floats('W', [1, 1, 2], [1, 1]), floats('R', [1, 1, 1], [1])];
    const before = {
      nodes: [
        op('Transpose', 'x', 'xt', { perm: [1, 0, 2] }),
        op('RNN', 'xt W R', 'Y Yh', nodes[0]!.attributes),
        nodes[1]!,
      ],
      tensors,
    };
    const outputs = [{ name: 'y', dims: ['N', 1] }];
    expect(read(onnxFile(made({ ...before, outputs }))).blackBox!.reason).toBe('node Y is an RNN with clip');
    expect(() => read(onnxFile(made({ nodes, tensors, outputs })))).toThrow(
      /^invalid m\.onnx input x: 'axes \(T, N, F\)' .*node Y is an RNN with clip/,
    );
  });

  it('says what is wrong with windows and answers', async () => {
    const spec = read(onnxFile(made({ inputs: [{ name: 'x', dims: ['N', 2, 2] }] })));
    await using(spec, async (box) => {
      await expect(box.run(new Float32Array(6), 1, 3)).rejects.toThrow('invalid m window: 3 (expected 2 ticks)');
      await expect(box.run(new Float32Array(5), 1, 2)).rejects.toThrow(
        "invalid m windows: '5 values' (expected 1 x 2 x 2)",
      );
    });
    const open = read(onnxFile(made({ outputs: [{ name: 'y', dims: ['N', 'O'] }] })));
    expect(open.outputs).toEqual(['y']);
    await using(open, async (box) => {
      await expect(box.run(new Float32Array(4), 2, 1)).rejects.toThrow(
        "invalid m output y: 'shape [2, 3]' (expected 1 values for each of 2 windows)",
      );
    });
  });

  it('says that the runtime is missing, and how to add it', async () => {
    const missing = openBlackBox(read(onnxFile(made())), () => Promise.reject(new Error('Cannot find package')));
    await expect(missing).rejects.toThrow(ConfigError);
    await expect(missing).rejects.toThrow(/npm install onnxruntime-web/);
  });

  it('says what the runtime does not take', async () => {
    const spec = read(onnxFile(made({ nodes: [op('NoSuchOperator', 'x', 'y')] })));
    await expect(openBlackBox(spec)).rejects.toThrow(ModelError);
    await expect(openBlackBox(spec)).rejects.toThrow(/^invalid m: .*NoSuchOperator/);
  });

  it('is no model of layers', async () => {
    const spec = read(onnxFile(made({ nodes: [op('Relu', 'x', 'y')], outputs: [{ name: 'y', dims: ['N', 'T', 2] }] })));
    await expect(openBlackBox(spec)).rejects.toThrow("invalid m: 'a model of 1 layers' (expected a black box)");
  });
});

import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readModel } from '../../../src/model/formats/index.ts';
import { parseSafetensors, toFloat64 } from '../../../src/model/formats/safetensors.ts';
import type {
  Conv1dSpec,
  DenseSpec,
  GruSpec,
  LayerSpec,
  LstmSpec,
  ModelSpec,
  RnnSpec,
} from '../../../src/model/spec.ts';
import { goldenFile } from '../../golden/golden.ts';
import { mutations } from './fuzz.ts';
import { stateDict } from './models.ts';
import {
  archive,
  call,
  dict,
  global,
  int,
  NONE,
  pickle,
  stateDictOf,
  type TensorLayout,
  tensor,
  text,
  tuple,
} from './torchFiles.ts';

type Shapes = Record<string, number[]>;

const recurrent = (prefix: string, layer: number | string, I: number, H: number, gates = 4): Shapes => ({
  [`${prefix}weight_ih_l${layer}`]: [gates * H, I],
  [`${prefix}weight_hh_l${layer}`]: [gates * H, H],
  [`${prefix}bias_ih_l${layer}`]: [gates * H],
  [`${prefix}bias_hh_l${layer}`]: [gates * H],
});
const linear = (prefix: string, I: number, O: number): Shapes => ({
  [`${prefix}weight`]: [O, I],
  [`${prefix}bias`]: [O],
});

/** The values of one tensor of a state dict made by `stateDict`. */
const valuesOf = (bytes: Uint8Array, key: string): number[] => [
  ...toFloat64(parseSafetensors(bytes, 'm').tensors.get(key)!),
];

/** Kind, name, inputs, whether it gives a sequence and where its inputs come from. */
const outline = ({ layers }: ModelSpec): string[] =>
  layers.map((layer) => {
    const { kind, name, inputs, from } = layer;
    const sequences = 'sequences' in layer && layer.sequences ? ' each' : '';
    const below = from ? ` of ${from.map((source) => source.layer ?? 'input').join(', ')}` : '';
    return `${kind} ${name} ${inputs}${sequences}${'backwards' in layer && layer.backwards ? ' backwards' : ''}${below}`;
  });

const refuses = (read: () => unknown, message: RegExp): void => {
  expect(read).toThrow(ModelError);
  expect(read).toThrow(message);
};

describe('a state dict without an architecture', () => {
  it.each(['torch-lstm', 'torch-gru', 'torch-lstm-bidirectional', 'torch-lstm-proj'])(
    'is the same model from .pt and .safetensors: %s',
    (name) => {
      const spec = readModel(goldenFile(name, 'model.pt'), 'model.pt');
      expect(spec).toEqual(readModel(goldenFile(name, 'model.safetensors'), 'model.safetensors'));
      expect(spec).toMatchObject({ format: 'torch', name: 'model', outputs: ['fc'], window: null });
      expect(spec.layers.length).toBeGreaterThan(1);
    },
  );

  it('has any prefixes and any number of layers', () => {
    const shapes = {
      ...recurrent('net.encoder.', 0, 3, 2),
      ...recurrent('net.encoder.', 1, 2, 2),
      ...recurrent('net.encoder.', 2, 2, 2),
      ...linear('net.out.', 2, 2),
    };
    const spec = readModel(stateDict(shapes), 'my.model.safetensors');
    expect(spec).toMatchObject({ name: 'my.model', inputs: 3, mode: 'stateful', outputs: ['net.out_0', 'net.out_1'] });
    expect(outline(spec)).toEqual([
      'lstm net.encoder_l0 3 each',
      'lstm net.encoder_l1 2 each',
      'lstm net.encoder_l2 2',
      'dense net.out 2',
    ]);
  });

  it('has its weights transposed and its two biases added', () => {
    const bytes = stateDict({ ...recurrent('', 0, 2, 1), ...linear('fc.', 1, 1) });
    const layer = readModel(bytes, 'm').layers[0] as LstmSpec;
    const ih = valuesOf(bytes, 'weight_ih_l0');
    expect([...layer.kernel]).toEqual([0, 2, 4, 6, 1, 3, 5, 7].map((i) => ih[i]));
    const [a, b] = [valuesOf(bytes, 'bias_ih_l0'), valuesOf(bytes, 'bias_hh_l0')];
    expect([...layer.bias]).toEqual(a.map((value, i) => Math.fround(value + b[i]!)));
    expect(layer.name).toBe('lstm_l0');
  });

  it('has a GRU’s gates r, z, n in the order z, r, n, and its two biases apart', () => {
    const bytes = stateDict({ ...recurrent('g.', 0, 2, 2, 3), ...linear('fc.', 2, 1) });
    const layer = readModel(bytes, 'm').layers[0] as GruSpec;
    expect(layer).toMatchObject({ kind: 'gru', name: 'g_l0', units: 2, resetAfter: true, sequences: false });
    // rows r0 r1 z0 z1 n0 n1 of two columns, each; ours are columns z0 z1 r0 r1 n0 n1
    const columns = [4, 6, 0, 2, 8, 10, 5, 7, 1, 3, 9, 11];
    for (const [key, ours] of [['weight_ih', layer.kernel] as const, ['weight_hh', layer.recurrent] as const]) {
      const theirs = valuesOf(bytes, `g.${key}_l0`);
      expect([...ours]).toEqual(columns.map((i) => theirs[i]));
    }
    const biases = [...valuesOf(bytes, 'g.bias_ih_l0'), ...valuesOf(bytes, 'g.bias_hh_l0')];
    expect([...layer.bias]).toEqual([2, 3, 0, 1, 4, 5, 8, 9, 6, 7, 10, 11].map((i) => biases[i]));
  });

  it('has a simple RNN with tanh', () => {
    const bytes = stateDict({ ...recurrent('r.', 0, 3, 2, 1), ...linear('fc.', 2, 1) });
    const layer = readModel(bytes, 'm').layers[0] as RnnSpec;
    expect(layer).toMatchObject({ kind: 'rnn', units: 2, inputs: 3 });
    expect(layer.activation).toBeUndefined();
    const ih = valuesOf(bytes, 'r.weight_ih_l0');
    expect([...layer.kernel]).toEqual([0, 3, 1, 4, 2, 5].map((i) => ih[i]));
    expect(layer.bias).toHaveLength(2);
  });

  it('has both directions, the second from the end, read at the last tick', () => {
    const both = (n: number, I: number): Shapes => ({
      ...recurrent('r.', n, I, 3),
      ...recurrent('r.', `${n}_reverse`, I, 3),
    });
    const spec = readModel(stateDict({ ...both(0, 2), ...both(1, 6), ...linear('fc.', 6, 1) }), 'm');
    expect(outline(spec)).toEqual([
      'lstm r_l0 2 each',
      'lstm r_l0_reverse 2 each backwards of input',
      'concatenate r_l0_concat 6 of r_l0, r_l0_reverse',
      'lstm r_l1 6 each',
      'lstm r_l1_reverse 6 each backwards of r_l0_concat',
      'concatenate r_l1_concat 6 of r_l1, r_l1_reverse',
      'last last 6',
      'dense fc 6',
    ]);
    expect(spec).toMatchObject({ mode: 'windowed', window: null });
  });

  it('has a projected LSTM', () => {
    const shapes = {
      'r.weight_ih_l0': [12, 2],
      'r.weight_hh_l0': [12, 2],
      'r.weight_hr_l0': [2, 3],
      ...linear('f.', 2, 1),
    };
    const bytes = stateDict(shapes);
    const layer = readModel(bytes, 'm').layers[0] as LstmSpec;
    expect(layer.units).toBe(3);
    const hr = valuesOf(bytes, 'r.weight_hr_l0');
    expect([...layer.projection!]).toEqual([0, 3, 1, 4, 2, 5].map((i) => hr[i]));
    expect(layer.recurrent).toHaveLength(2 * 12);
    expect([...layer.bias]).toEqual(Array<number>(12).fill(0));
  });

  it('does without biases', () => {
    const bytes = stateDict({ 'r.weight_ih_l0': [3, 1], 'r.weight_hh_l0': [3, 1], 'f.weight': [1, 1] });
    const [gru, dense] = readModel(bytes, 'm').layers as [GruSpec, DenseSpec];
    expect([...gru.bias]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...dense.bias]).toEqual([0]);
  });

  const fc = linear('f.', 4, 1);
  it.each<[string, Shapes, RegExp]>([
    [
      'rows that fit no cell',
      { ...recurrent('r.', 0, 2, 4, 2), ...fc },
      /^invalid m r\.weight_ih_l0: '8 rows for 4 units' \(expected an LSTM: 4 times/,
    ],
    [
      'two recurrent modules',
      { ...recurrent('a.', 0, 2, 4), ...recurrent('b.', 0, 2, 4), ...fc },
      /^invalid m recurrent modules: \["a","b"\] \(expected exactly one nn\.LSTM, .*--architecture/,
    ],
    [
      'no Linear',
      recurrent('r.', 0, 2, 4),
      /expected one recurrent module and exactly one nn\.Linear; .*--architecture/,
    ],
    ['two Linears', { ...recurrent('r.', 0, 2, 4), ...fc, ...linear('g.', 1, 1) }, /exactly one nn\.Linear/],
    ['something besides', { ...recurrent('r.', 0, 2, 4), ...fc, 'norm.gain': [4] }, /^invalid m norm\.gain: \[4\]/],
    ['no first layer', { ...recurrent('r.', 1, 2, 4), ...fc }, /^invalid m r\.weight_ih_l0: nothing/],
    [
      'a gap between layers',
      { ...recurrent('r.', 0, 2, 4), ...recurrent('r.', 2, 4, 4), ...fc },
      /^invalid m r\.\w+_l2: /,
    ],
    [
      'one bias of two',
      { 'r.weight_ih_l0': [4, 1], 'r.weight_hh_l0': [4, 1], 'r.bias_hh_l0': [4], ...fc },
      /r\.bias_ih_l0: nothing/,
    ],
    [
      'a direction that is not whole',
      { ...recurrent('r.', 0, 2, 4), 'r.weight_ih_l0_reverse': [16, 2], ...linear('f.', 8, 1) },
      /^invalid m r\.weight_hh_l0_reverse: nothing/,
    ],
    [
      'a projected GRU',
      { ...recurrent('r.', 0, 2, 4, 3), 'r.weight_hr_l0': [2, 4], ...fc },
      /^invalid m r\.weight_hr_l0: \[2,4\]/,
    ],
    [
      'a Linear of another width',
      { ...recurrent('r.', 0, 2, 4), ...linear('f.', 5, 1) },
      /^invalid m f\.weight: \[1,5\] \(expected shape \[any, 4\]\)/,
    ],
    [
      'a layer of another width',
      { ...recurrent('r.', 0, 2, 4), ...recurrent('r.', 1, 3, 4), ...fc },
      /^invalid m r\.weight_ih_l1: \[16,3\] \(expected shape \[any, 4\]\)/,
    ],
    [
      'a bias of another size',
      { ...recurrent('r.', 0, 2, 4), ...fc, 'f.bias': [2] },
      /^invalid m f\.bias: \[2\] \(expected shape \[1\]\)/,
    ],
    [
      'a tensor of rank three',
      { ...recurrent('r.', 0, 2, 4), 'r.weight_ih_l0': [16, 2, 1], ...fc },
      /\[16,2,1\] \(expected shape \[any, 2\]\)/,
    ],
    [
      'a tensor of rank one',
      { ...recurrent('r.', 0, 2, 4), 'r.weight_ih_l0': [16], ...fc },
      /\[16\] \(expected 2 axes or more\)/,
    ],
    ['no units', { ...recurrent('r.', 0, 2, 0), ...fc }, /^invalid m r\.weight_ih_l0: \[0,2\]/],
  ])('is refused with %s', (_, shapes, message) => {
    refuses(() => readModel(stateDict(shapes), 'm'), message);
  });
});

const H1 = { ...recurrent('rnn.', 0, 1, 1), ...linear('fc.', 1, 1) };

describe('a file of torch.save', () => {
  const { code, storages } = stateDictOf(H1);
  const expected = readModel(stateDict(H1), 'm');
  const read = (pkl: string, more?: Record<string, string>): ModelSpec =>
    readModel(archive(pickle(pkl), storages, more), 'm');

  it('may hold the state dict itself or a checkpoint with one', () => {
    expect(read(code)).toEqual(expected);
    const optimizer = dict({ state: `}${int(0)}${dict({ step: tensor({ shape: [] }) })}s`, param_groups: ']' });
    for (const key of ['state_dict', 'model_state_dict', 'model', 'net', 'weights'])
      expect(read(dict({ epoch: int(3), [key]: code, optimizer, loss: NONE }))).toEqual(expected);
    const scaler = dict({ mean: tensor({ shape: [4] }) });
    expect(read(dict({ scaler, state_dict: code, mean: tensor({ shape: [4] }) }))).toEqual(expected);
  });

  it('may be of an older PyTorch, or packed anew', () => {
    expect(read(code, {})).toEqual(expected);
    expect(read(`${code}q\0${call(global('torch', 'device'), text('cpu'))}0h\x000`)).toEqual(expected);
  });

  /** fc.weight of 2 x 3, the rest as small as can be. */
  const head = (layout: Partial<TensorLayout>, bytes: Uint8Array): DenseSpec => {
    const shapes = { ...recurrent('rnn.', 0, 1, 3), 'fc.weight': [2, 3] };
    const made = stateDictOf(shapes);
    const weight = tensor({ shape: [2, 3], storage: 'w', ...layout });
    const pkl = `${made.code}${text('fc.weight')}${weight}s`;
    return readModel(archive(pickle(pkl), { ...made.storages, w: bytes }), 'm').layers[1] as DenseSpec;
  };
  const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

  it('may hold views: transposed, from the middle of a storage, with gaps', () => {
    expect([...head({}, floats(0, 1, 2, 3, 4, 5)).kernel]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...head({ strides: [1, 2] }, floats(0, 1, 2, 3, 4, 5)).kernel]).toEqual([0, 1, 2, 3, 4, 5]);
    const eight = floats(9, 9, 0, 1, 2, 3, 4, 5);
    expect([...head({ offset: 2, numel: 8 }, eight).kernel]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...head({ offset: 1, strides: [4, 1], numel: 8 }, eight).kernel]).toEqual([9, 3, 0, 4, 1, 5]);
    expect([...head({ offset: 2, strides: [0, 2], numel: 8 }, eight).kernel]).toEqual([0, 0, 2, 2, 4, 4]);
  });

  it('may hold other floating-point numbers', () => {
    const doubles = new Uint8Array(Float64Array.of(0, 0.1, 2, 3, 4, 5).buffer);
    expect([...head({ type: 'DoubleStorage' }, doubles).kernel]).toEqual([0, 3, Math.fround(0.1), 4, 2, 5]);
    // 1, -2, 0.5, 0, 65504 and the smallest subnormal in binary16; 1, -2, 0.5, 0, 3.140625 and 256 in bfloat16
    const halves = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x3800, 0, 0x7bff, 1).buffer);
    expect([...head({ type: 'HalfStorage' }, halves).kernel]).toEqual([1, 0, -2, 65504, 0.5, 2 ** -24]);
    const brains = new Uint8Array(Uint16Array.of(0x3f80, 0xc000, 0x3f00, 0, 0x4049, 0x4380).buffer);
    expect([...head({ type: 'BFloat16Storage' }, brains).kernel]).toEqual([1, 0, -2, 3.140625, 0.5, 256]);
    refuses(
      () => head({ type: 'CharStorage' }, new Uint8Array(6)),
      /^invalid m fc\.weight type: 'I8' \(expected floating-point/,
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'another module',
      archive(pickle(global('__main__', 'Net'))),
      /^invalid m data\.pkl: '__main__\.Net' .*state_dict/,
    ],
    ['a list', archive(pickle(']')), /^invalid m: 'a list' \(expected a state dict/],
    ['a tensor', archive(pickle(tensor({ shape: [1] }))), /^invalid m: 'a tensor of shape \[1\]'/],
    ['nothing', archive(pickle('}')), /^invalid m: 'a dict of 0'/],
    ['a state dict with something else', archive(pickle(`${code}${text('x')}${int(1)}s`)), /^invalid m x: 'a number'/],
    [
      'two state dicts',
      archive(pickle(dict({ generator: code, critic: code.replaceAll('rnn', 'cnn') }))),
      /^invalid m state dicts: \["generator","critic"\]/,
    ],
    ['a missing storage', archive(pickle(code)), /data\/0/],
    [
      'a storage of another size',
      archive(pickle(code), { ...storages, 0: new Uint8Array(15) }),
      /^invalid m data\/0: '15 bytes of F32' \(expected 4 elements of F32/,
    ],
    [
      'a storage of two types',
      archive(
        pickle(`${code}${text('fc.bias')}${tensor({ shape: [2], storage: '0', type: 'DoubleStorage' })}s`),
        storages,
      ),
      /^invalid m data\/0: '16 bytes of F32' \(expected 2 elements of F64/,
    ],
    [
      'a path for a key',
      archive(pickle(dict({ x: tensor({ shape: [1], storage: '../data.pkl' }) }))),
      /data\/\.\.\/data\.pkl/,
    ],
    [
      'big-endian bytes',
      archive(pickle(code), storages, { byteorder: 'big' }),
      /^invalid m byteorder: 'big' \(expected little/,
    ],
    ['a later layout', archive(pickle(code), storages, { version: '11\n' }), /^invalid m version: '11'/],
    ['TorchScript', archive(pickle(code), storages, { 'constants.pkl': 'x' }), /'a TorchScript archive' .*state_dict/],
    ['TorchScript code', archive(pickle(code), storages, { 'code/m.py': 'x' }), /'a TorchScript archive'/],
    ['a NaN', archive(pickle(code), { ...storages, 0: floats(1, Number.NaN, 3, 4) }), /rnn_l0 kernel\[1\]: NaN/],
    ['a pickle alone', pickle(code), /^invalid m: 'a Python pickle' \(expected the zip format of torch\.save/],
    [
      'the old format',
      pickle('\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19'),
      /^invalid m: 'torch\.save's old format' \(expected the zip format/,
    ],
  ])('is refused with %s', (_, bytes, message) => {
    refuses(() => readModel(bytes, 'm'), message);
  });

  it('is refused where small files claim much', () => {
    const claims = tensor({ shape: [2 ** 25], storage: '0' });
    refuses(() => read(dict({ x: claims })), /^invalid m storages: '134217728 bytes' \(expected at most 67108864/);
    const shared = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`x${i}`, tensor({ shape: [4] })]));
    refuses(() => read(dict(shared)), /^invalid m tensors: '144 bytes from storages of 16' \(expected at most 8 times/);
  });

  it('is refused in no time where tuples of tuples multiply or a dict holds itself', () => {
    let bomb = `${tuple(NONE, NONE)}q\0`;
    for (let depth = 0; depth < 100; depth++) bomb += `${'h\0'.repeat(10)}(${'h\0'.repeat(10)}tq\0`;
    refuses(() => read(`(${bomb}tq\x010${dict({ x: 'h\x01' })}`), /^invalid m x: 'a tuple of \d+'/);
    refuses(() => read(`}q\0${text('model')}h\0s`), /^invalid m model: 'a dict of 1'/);
    const thousand = dict(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 'h\0'])));
    expect(read(`${code}q\0${text('x')}0${thousand}q\x0100h\x01`)).toEqual(expected);
  });
});

/** What a file with these tensors and this architecture is. */
const withArchitecture = (shapes: Shapes, architecture: unknown): ModelSpec => {
  const given = typeof architecture === 'string' ? architecture : JSON.stringify(architecture);
  return readModel(stateDict(shapes), 'm.safetensors', { architecture: { text: given, file: 'a.json' } });
};

describe('a state dict with an architecture', () => {
  const stack = { ...recurrent('rnn.', 0, 2, 4), ...recurrent('rnn.', 1, 4, 4), ...linear('fc.', 4, 1) };
  const lstm = { kind: 'lstm', prefix: 'rnn', layers: 2, bidirectional: false, projection: 0 };
  const fc = { kind: 'dense', prefix: 'fc', activation: 'linear' };

  it('is what it would be without one, where that says the same', () => {
    const spec = readModel(stateDict(stack), 'm.safetensors');
    expect(withArchitecture(stack, { layers: [lstm, fc], read: 'last' })).toEqual(spec);
    expect(
      withArchitecture(stack, {
        layers: [
          { kind: 'lstm', prefix: 'rnn.' },
          { kind: 'dense', prefix: 'fc' },
        ],
      }),
    ).toEqual(spec);
  });

  it.each(['module.', 'model.', '_orig_mod.', 'module.model.'])('may leave out the wrapper %s', (wrapper) => {
    const wrapped = Object.fromEntries(Object.entries(stack).map(([key, shape]) => [wrapper + key, shape]));
    expect(withArchitecture(wrapped, { layers: [lstm, fc] })).toEqual(readModel(stateDict(stack), 'm.safetensors'));
  });

  it('may have an LSTM above a convolution with its normalizations and activations', () => {
    const shapes = {
      'conv.weight': [3, 2, 2],
      'conv.bias': [3],
      'bn.weight': [3],
      'bn.bias': [3],
      'bn.running_mean': [3],
      'bn.running_var': [3],
      'bn.num_batches_tracked': [],
      ...recurrent('rnn.', 0, 3, 2),
      'ln.weight': [2],
      'ln.bias': [2],
      ...linear('fc.', 2, 2),
    };
    const spec = withArchitecture(shapes, {
      layers: [
        { kind: 'conv1d', prefix: 'conv', dilation: 4, activation: 'relu' },
        { kind: 'batch-norm', prefix: 'bn', eps: 0.001 },
        { kind: 'activation', activation: 'leaky_relu' },
        { kind: 'dropout', rate: 0.1 },
        { kind: 'lstm', prefix: 'rnn' },
        { kind: 'layer-norm', prefix: 'ln' },
        { kind: 'dropout' },
        { kind: 'dense', prefix: 'fc', activation: 'softmax' },
      ],
    });
    expect(outline(spec)).toEqual([
      'conv1d conv 2',
      'batch-normalization bn 3',
      'activation leaky_relu 3',
      'dropout dropout 3',
      'lstm rnn_l0 3',
      'layer-normalization ln 2',
      'dropout dropout_1 2',
      'dense fc 2',
    ]);
    expect(spec).toMatchObject({ mode: 'stateful', inputs: 2, outputs: ['fc_0', 'fc_1'] });
    const [conv, bn, leaky, , , ln, , dense] = spec.layers as [Conv1dSpec, ...LayerSpec[]];
    expect(conv).toMatchObject({ units: 3, size: 2, dilation: 4, activation: 'relu' });
    // (O, I, k) to (k, I, O), the oldest tap first in both
    const weight = valuesOf(stateDict(shapes), 'conv.weight');
    expect([...conv.kernel]).toEqual([0, 4, 8, 2, 6, 10, 1, 5, 9, 3, 7, 11].map((i) => weight[i]));
    expect(bn).toMatchObject({ epsilon: 0.001 });
    expect(leaky).toMatchObject({ alpha: 0.01 });
    expect(ln).toMatchObject({ epsilon: 1e-5 });
    expect(dense).toMatchObject({ activation: 'softmax' });
  });

  it('may have an embedding, a GRU, a simple RNN with relu, and slopes', () => {
    const shapes = {
      'emb.weight': [5, 3],
      ...recurrent('g.', 0, 3, 2, 3),
      ...recurrent('r.', 0, 2, 2, 1),
      ...linear('a.', 2, 2),
      ...linear('b.', 2, 1),
    };
    const spec = withArchitecture(shapes, {
      layers: [
        { kind: 'embedding', prefix: 'emb', padding: 0 },
        { kind: 'gru', prefix: 'g', layers: 1, bidirectional: false },
        { kind: 'rnn', prefix: 'r', activation: 'relu' },
        { kind: 'dense', prefix: 'a', activation: 'leaky_relu' },
        { kind: 'dense', prefix: 'b', activation: 'sigmoid' },
      ],
    });
    expect(outline(spec)).toEqual([
      'embedding emb 1',
      'gru g_l0 3 each',
      'rnn r_l0 2',
      'dense a 2',
      'activation a_leaky_relu 2',
      'dense b 2',
    ]);
    const [embedding, , rnn, dense, slope] = spec.layers;
    expect(embedding).toMatchObject({ vocabulary: 5, units: 3, maskZero: false });
    expect(rnn).toMatchObject({ activation: 'relu' });
    expect(dense).toMatchObject({ activation: 'linear' });
    expect(slope).toMatchObject({ activation: 'leaky_relu', alpha: 0.01 });
  });

  it('is read as it says', () => {
    const read = (how: string) => withArchitecture(stack, { layers: [lstm, fc], read: how });
    expect(outline(read('sequence'))).toEqual(['lstm rnn_l0 2 each', 'lstm rnn_l1 4 each', 'dense fc 4']);
    expect(read('sequence').mode).toBe('stateful');
    for (const [how, operation] of [
      ['mean', 'average'],
      ['max', 'max'],
    ] as const) {
      const spec = read(how);
      expect(outline(spec)[2]).toBe(`global-pooling ${how} 4`);
      expect(spec.layers[2]).toMatchObject({ operation, keep: false });
      expect(spec.mode).toBe('windowed');
    }
  });

  it('is pooled right before the first dense, and read at the end where there is none', () => {
    const shapes = { ...linear('in.', 2, 3), 'c.weight': [2, 3, 1], 'ln.weight': [2], ...linear('fc.', 2, 1) };
    const layers = [
      { kind: 'dense', prefix: 'in' },
      { kind: 'conv1d', prefix: 'c' },
      { kind: 'layer-norm', prefix: 'ln' },
      { kind: 'dense', prefix: 'fc' },
    ];
    expect(outline(withArchitecture(shapes, { layers, read: 'mean' }))).toEqual([
      'dense in 2',
      'conv1d c 3',
      'layer-normalization ln 2',
      'global-pooling mean 2',
      'dense fc 2',
    ]);
    const alone = withArchitecture({ 'c.weight': [2, 3, 1] }, { layers: [{ kind: 'conv1d', prefix: 'c' }] });
    expect(outline(alone)).toEqual(['conv1d c 3', 'last last 2']);
    expect(alone.mode).toBe('stateful');
  });

  it('has a window where it says so, which flatten needs', () => {
    const shapes = { ...recurrent('rnn.', 0, 2, 4), ...linear('fc.', 12, 1) };
    const layers = [{ kind: 'lstm', prefix: 'rnn' }, { kind: 'flatten' }, { kind: 'dense', prefix: 'fc' }];
    const spec = withArchitecture(shapes, { layers, read: 'sequence', window: 3 });
    expect(outline(spec)).toEqual(['lstm rnn_l0 2 each', 'flatten flatten 4', 'dense fc 12']);
    expect(spec).toMatchObject({ mode: 'windowed', window: 3 });
    refuses(() => withArchitecture(shapes, { layers, read: 'sequence' }), /m\.safetensors flatten inputs/);
    const flat = withArchitecture(linear('fc.', 12, 1), { layers: layers.slice(1), read: 'sequence', window: 3 });
    expect(flat.inputs).toBe(4);
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{"layers":', /^invalid a\.json: '\{"layers":' \(expected JSON\)/],
    ['a list', '[]', /^invalid a\.json: \[\] \(expected a JSON object\)/],
    ['no layers', { layers: [] }, /^invalid a\.json\.layers: \[\] \(expected at least one layer\)/],
    [
      'an unknown kind',
      { layers: [{ kind: 'attention' }] },
      /^invalid a\.json\.layers\[0\]\.kind: 'attention' \(expected one of activation, .*lstm/,
    ],
    ['a kind of Object', { layers: [{ kind: 'constructor' }] }, /layers\[0\]\.kind: 'constructor'/],
    ['no prefix', { layers: [{ kind: 'lstm' }] }, /^invalid a\.json\.layers\[0\]\.prefix: nothing \(expected a text\)/],
    [
      'an unknown field',
      { layers: [{ ...lstm, hidden: 4 }, fc] },
      /^invalid a\.json\.layers\[0\]\.hidden: 4 \(expected no other fields than kind, prefix, layers, /,
    ],
    [
      'an unknown field of its own',
      { layers: [lstm, fc], reads: 'last' },
      /^invalid a\.json\.reads: 'last' \(expected no other fields than layers, read, window\)/,
    ],
    [
      'a projection of a GRU',
      { layers: [{ kind: 'gru', prefix: 'rnn', projection: 2 }, fc] },
      /layers\[0\]\.projection/,
    ],
    [
      'an unknown activation',
      { layers: [lstm, { ...fc, activation: 'snake' }] },
      /layers\[1\]\.activation: 'snake' \(expected one of linear, relu/,
    ],
    [
      'an unknown reading',
      { layers: [lstm, fc], read: 'first' },
      /^invalid a\.json\.read: 'first' \(expected one of last, sequence, mean, max\)/,
    ],
    ['half a layer', { layers: [{ ...lstm, layers: 1.5 }, fc] }, /layers\[0\]\.layers: 1\.5 \(expected a whole number/],
    [
      'a negative eps',
      { layers: [{ kind: 'layer-norm', prefix: 'x', eps: -1 }] },
      /layers\[0\]\.eps: -1 \(expected zero or more\)/,
    ],
    ['no weights', { layers: [{ kind: 'dropout' }] }, /^invalid m\.safetensors layers: 'none with weights'/],
    [
      'one layer of two',
      { layers: [{ ...lstm, layers: 1 }, fc] },
      /^invalid m\.safetensors rnn\.weight_ih_l1: \[16,4\] \(expected nothing that a\.json does not name\)/,
    ],
    ['a third layer', { layers: [{ ...lstm, layers: 3 }, fc] }, /^invalid m\.safetensors rnn\.weight_hh_l2: nothing/],
    ['a second direction', { layers: [{ ...lstm, bidirectional: true }, fc] }, /rnn\.weight_hh_l0_reverse: nothing/],
    ['a projection that is not there', { layers: [{ ...lstm, projection: 2 }, fc] }, /rnn\.weight_hr_l0: nothing/],
    [
      'another cell',
      { layers: [{ kind: 'gru', prefix: 'rnn' }, fc] },
      /^invalid m\.safetensors rnn\.weight_ih_l0: 'an LSTM' \(expected a GRU: 3 times/,
    ],
    [
      'another prefix',
      { layers: [{ ...lstm, prefix: 'encoder' }, fc] },
      /^invalid m\.safetensors encoder\.weight_ih_l0: nothing/,
    ],
    ['a module twice', { layers: [lstm, fc, fc] }, /^invalid m\.safetensors fc\.weight: nothing/],
    [
      'an embedding in the middle',
      { layers: [lstm, { kind: 'embedding', prefix: 'fc' }] },
      /fc\.weight: 'an embedding above rnn_l1'/,
    ],
    [
      'a thousand layers and more',
      { layers: [lstm, ...Array<unknown>(1000).fill({ kind: 'dropout' }), fc] },
      /layers: 'more' \(expected at most 1000\)/,
    ],
  ])('is refused with %s', (_, architecture, message) => {
    refuses(() => withArchitecture(stack, architecture), message);
  });

  it('is refused where the file has a projection and it says there is none', () => {
    const shapes = {
      'r.weight_ih_l0': [12, 2],
      'r.weight_hh_l0': [12, 3],
      'r.weight_hr_l0': [2, 3],
      ...linear('f.', 3, 1),
    };
    const layers = [
      { kind: 'lstm', prefix: 'r', projection: 0 },
      { kind: 'dense', prefix: 'f' },
    ];
    refuses(() => withArchitecture(shapes, { layers }), /^invalid m\.safetensors r\.weight_hr_l0: \[2,3\]/);
  });
});

describe('a damaged file', () => {
  it('gives a model or a ModelError: an architecture', () => {
    const shapes = { 'emb.weight': [4, 2], ...recurrent('r.', 0, 2, 2), 'ln.weight': [2], ...linear('fc.', 2, 1) };
    const layers = [
      { kind: 'embedding', prefix: 'emb' },
      { kind: 'lstm', prefix: 'r', layers: 1, bidirectional: false, projection: 0 },
      { kind: 'layer-norm', prefix: 'ln', eps: 0.001 },
      { kind: 'dense', prefix: 'fc', activation: 'tanh' },
    ];
    const whole = new TextEncoder().encode(JSON.stringify({ layers, read: 'mean', window: 4 }));
    let refused = 0;
    for (const bytes of mutations(whole, 2000, 5)) {
      try {
        withArchitecture(shapes, new TextDecoder().decode(bytes));
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  it.each(['model.pt', 'model.safetensors'])('gives a model or a ModelError: %s', (name) => {
    let refused = 0;
    for (const bytes of mutations(goldenFile('torch-lstm-proj', name), 2000, 7)) {
      try {
        readModel(bytes, name);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

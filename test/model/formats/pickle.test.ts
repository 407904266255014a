import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { readArchive } from '../../../src/model/formats/torch/archive.ts';
import { unpickle } from '../../../src/model/formats/torch/pickle.ts';
import { Dict, kindOfValue, TensorRef, type Value } from '../../../src/model/formats/torch/values.ts';
import { openZip, type Zip } from '../../../src/model/formats/zip.ts';
import { goldenFile } from '../../golden/golden.ts';
import { mutations } from './fuzz.ts';
import {
  call,
  dict,
  global,
  int,
  le,
  NONE,
  orderedDict,
  pickle,
  storage,
  type TensorLayout,
  tensor,
  text,
  tuple,
} from './torchFiles.ts';

const hex = (digits: string): Uint8Array => Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
const read = (code: string, protocol?: number): Value => unpickle(pickle(code, protocol), 'm.pt data.pkl');

/** A value as far as it is kept. */
function plain(value: Value): unknown {
  if (value instanceof Dict) return Object.fromEntries([...value.entries].map(([key, item]) => [key, plain(item)]));
  return typeof value === 'object' && value !== null ? kindOfValue(value) : value;
}

describe('unpickle', () => {
  // pickle.dumps of {'n': 1, 'word': 'ü', 'pair': (True, None), 'list': [1.5, -1, 70000],
  // 'deep': {'far': -(1 << 40), 'long': 1 << 70, 3: 4}}, from protocol 3 on with 'bytes': b'xyz', by CPython 3.11
  it.each([
    [
      2,
      '80027d71002858010000006e71014b015804000000776f726471025802000000c3bc71035804000000706169727104884e86710558040000006c69737471065d710728473ff80000000000004affffffff4a701101006558040000006465657071087d7109285803000000666172710a8a060000000000ff58040000006c6f6e67710b8a090000000000000000404b034b0475752e',
    ],
    [
      3,
      '80037d71002858010000006e71014b015804000000776f726471025802000000c3bc71035804000000706169727104884e86710558040000006c69737471065d710728473ff80000000000004affffffff4a701101006558040000006465657071087d7109285803000000666172710a8a060000000000ff58040000006c6f6e67710b8a090000000000000000404b034b047558050000006279746573710c430378797a710d752e',
    ],
    [
      4,
      '8004957d000000000000007d94288c016e944b018c04776f7264948c02c3bc948c047061697294884e86948c046c697374945d9428473ff80000000000004affffffff4a70110100658c0464656570947d94288c03666172948a060000000000ff8c046c6f6e67948a090000000000000000404b034b04758c05627974657394430378797a94752e',
    ],
    [
      5,
      '8005957d000000000000007d94288c016e944b018c04776f7264948c02c3bc948c047061697294884e86948c046c697374945d9428473ff80000000000004affffffff4a70110100658c0464656570947d94288c03666172948a060000000000ff8c046c6f6e67948a090000000000000000404b034b04758c05627974657394430378797a94752e',
    ],
  ])('reads what CPython writes with protocol %i', (protocol, digits) => {
    const value = unpickle(hex(digits), 'p');
    expect(plain(value)).toEqual({
      n: 1,
      word: 'ü',
      pair: 'a tuple of 2',
      list: 'a list',
      deep: { far: -(2 ** 40), long: 'a long integer' },
      ...(protocol > 2 ? { bytes: 'bytes' } : {}),
    });
    expect(((value as Dict).entries.get('deep') as Dict).others).toBe(1);
  });

  // pickle.dumps of an OrderedDict(a=1) whose _metadata is an OrderedDict, as that of a state dict
  it.each([
    '800263636f6c6c656374696f6e730a4f726465726564446963740a71002952710158010000006171024b01737d710358090000005f6d657461646174617104680029527105580000000071067d7107580700000076657273696f6e71084b01737373622e',
    '80049551000000000000008c0b636f6c6c656374696f6e73948c0b4f726465726564446963749493942952948c0161944b01737d948c095f6d657461646174619468022952948c00947d948c0776657273696f6e944b01737373622e',
  ])('reads an OrderedDict with _metadata and leaves that out', (digits) => {
    expect(plain(unpickle(hex(digits), 'p'))).toEqual({ a: 1 });
  });

  it('knows sets and byte arrays by their kind', () => {
    const digits =
      '80059527000000000000007d94288c0173948f94284b01908c016694284b0291948c0162949601000000000000007194752e';
    expect(plain(unpickle(hex(digits), 'p'))).toEqual({ s: 'a set', f: 'a set', b: 'bytes' });
  });

  // CPython's own examples of encode_long, and its limits of 8 bytes
  it.each([
    ['', 0],
    ['\xff\x00', 255],
    ['\xff\x7f', 32767],
    ['\x00\xff', -256],
    ['\x00\x80', -32768],
    ['\x80', -128],
    ['\x7f', 127],
    ['\x00\x00\x00\x00\x00\x00\x20', 2 ** 53],
    ['\x00\x00\x00\x00\x00\x00\x00\x80', -(2 ** 63)],
  ])('reads the integer %j', (bytes, value) => {
    expect(read(`\x8a${le(bytes.length, 1)}${bytes}`)).toBe(value);
    expect(read(`\x8b${le(bytes.length, 4)}${bytes}`)).toBe(value);
  });

  it('reads views of a storage, and takes a parameter for its tensor', () => {
    const layout = { shape: [2, 3], strides: [1, 2], offset: 4 };
    const code = tensor({ ...layout, numel: 10 });
    const view = read(code);
    expect(view).toMatchObject({ ...layout, storage: { key: '0', dtype: 'F32', numel: 10 } });
    const parameter = call(global('torch._utils', '_rebuild_parameter'), code, '\x88', orderedDict);
    expect(read(parameter)).toEqual(view);
    const size = call(global('torch', 'Size'), tuple(int(1), int(2)));
    const old = call(global('torch._utils', '_rebuild_tensor'), storage('k', 2), int(0), size, tuple(int(2), int(1)));
    expect(read(old)).toMatchObject({ shape: [1, 2], strides: [2, 1], storage: { key: 'k' } });
  });

  it('reads a dict that holds itself', () => {
    const value = read(`}q\0${text('self')}h\0s`) as Dict;
    expect(value.entries.get('self')).toBe(value);
  });
});

describe('unpickle refuses', () => {
  const advice = /\(expected tensors and containers only: save model\.state_dict\(\)/;

  it.each([
    ['os.system', `${global('os', 'system')}${tuple(text('true'))}R`],
    ['posix.system', `${text('posix')}${text('system')}\x93${tuple(text('true'))}R`],
    ['builtins.eval', call(global('builtins', 'eval'), text('1'))],
    ['__builtin__.getattr', call(global('__builtin__', 'getattr'), NONE, text('x'))],
    ['torch.load', call(global('torch', 'load'), text('x'))],
    ['torch._utils._rebuild_sparse_tensor', call(global('torch._utils', '_rebuild_sparse_tensor'))],
    ['collections.Counter', global('collections', 'Counter')],
    ['collections.OrderedDict.fromkeys', global('collections', 'OrderedDict.fromkeys')],
    ['__main__.Net', `${global('__main__', 'Net')})\x81}b`],
    ['torch.nn.modules.rnn.LSTM', `${global('torch.nn.modules.rnn', 'LSTM')})\x81`],
    ['os.system', `(${text('true')}ios\nsystem\n`],
    ['__proto__.constructor', global('__proto__', 'constructor')],
  ])('the name %s', (name, code) => {
    expect(() => read(code)).toThrow(ModelError);
    expect(() => read(code)).toThrow(`invalid m.pt data.pkl: '${name}' `);
    expect(() => read(code)).toThrow(advice);
  });

  it.each<[string, string, RegExp]>([
    ['OBJ', `(${global('collections', 'OrderedDict')}o`, /byte 28: 'OBJ'/],
    ['a number for a class', '\x82\x01', /'EXT1'/],
    ['a larger number', '\x83\x01\0', /'EXT2'/],
    ['the largest', '\x84\x01\0\0\0', /'EXT4'/],
    ['NEWOBJ_EX', `${global('collections', 'OrderedDict')})}\x92`, /'NEWOBJ_EX'/],
    ['a buffer out of band', '\x97', /'NEXT_BUFFER'/],
    ['a persistent id in text', 'Px\n', /'PERSID'/],
    ['operations of protocol 0', 'I1\n', /'INT'/],
    ['an unknown operation', '\xff', /'operation 0xff'/],
    ['a new object of a tensor type', `${global('torch', 'FloatStorage')})\x81`, /an object of torch\.FloatStorage/],
    ['an OrderedDict with arguments', call(global('collections', 'OrderedDict'), '}'), /OrderedDict\(a dict of 0\)/],
    ['a call of a storage type', call(global('torch', 'FloatStorage')), /torch\.FloatStorage\(\)/],
    ['a call of a text', `${text('os')})R`, /a call of a string/],
    ['a call without a tuple', `${global('collections', 'OrderedDict')}]R`, /a call of collections\.OrderedDict/],
    ['attributes of a dict', `}${dict({ _metadata: NONE })}b`, /attributes of a dict of 0/],
    ['other attributes', `${orderedDict}${dict({ __class__: NONE })}b`, /_metadata of an OrderedDict only/],
    ['more attributes', `${orderedDict}${dict({ _metadata: NONE, x: NONE })}b`, /_metadata of an OrderedDict only/],
    ['a name that is no text', `${int(1)}${text('x')}\x93`, /'a global' \(expected one named by two texts\)/],
    ['a persistent id of another kind', `${tuple(text('module'), NONE)}Q`, /a persistent id, a tuple of 2/],
    [
      'a storage of an unknown type',
      `${tuple(text('storage'), text('torch.FloatStorage'), text('0'), text('cpu'), int(1))}Q`,
      /a persistent id/,
    ],
    [
      'a storage of negative size',
      `${tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), int(-1))}Q`,
      /a persistent id/,
    ],
    ['nothing', '', /'an empty stack' \(expected a value\)/],
    ['two values', 'NN', /STOP above 1 values/],
    ['a pop below a mark', 'N(0)R', /a call of/],
    ['a tuple below a mark', 'N(\x85', /'an empty stack'/],
    ['a tuple without a mark', 'Nt', /'no mark'/],
    ['a value never remembered', 'h\x07', /'value 7' \(expected one that is remembered\)/],
    ['something to remember where there is nothing', 'q\0', /'an empty stack'/],
    ['a key without a value', '}(Nu', /'1 values' \(expected as many keys as values\)/],
    ['items for no dict', 'NNNs', /'None' \(expected a dict\)/],
    ['items for no list', '}Na', /'a dict of 0' \(expected a list\)/],
    ['items for no set', ']\x28N\x90', /'a list' \(expected a set\)/],
    ['a text beyond the end', `X${le(0xffff_ffffn, 4)}`, /4294967295: is the file cut off/],
    ['a text of 2^63 bytes', `\x8d${le(1n << 63n, 8)}`, /is the file cut off/],
    ['bytes of 2^64 - 1', `\x8e${le((1n << 64n) - 1n, 8)}`, /is the file cut off/],
    ['an array of 4 GiB', `\x96${le(1n << 32n, 8)}`, /4294967296: is the file cut off/],
    ['an integer of 2 GiB', `\x8b${le(0x7fff_ffff, 4)}`, /2147483647: is the file cut off/],
    ['a frame beyond the end', `\x95${le(1000, 8)}`, /a frame of 1000 bytes/],
    ['a name without an end', 'cos', /cut off/],
    ['bytes that are no UTF-8', 'X\x01\0\0\0\xff', /expected UTF-8/],
  ])('%s', (_, code, message) => {
    expect(() => read(code)).toThrow(ModelError);
    expect(() => read(code)).toThrow(message);
  });

  it('other protocols, what is no pickle, and what goes on after its end', () => {
    expect(() => read('N', 6)).toThrow(/'protocol 6' \(expected a pickle of protocol 2 to 5\)/);
    expect(() => read('N', 1)).toThrow(/'protocol 1'/);
    expect(() => unpickle(hex('636f730a'), 'p')).toThrow(/byte 0: 'operation 0x63' \(expected a pickle of protocol/);
    expect(() => unpickle(hex('80024e2e00'), 'p')).toThrow(/STOP above 0 values, before 1 bytes/);
    expect(() => unpickle(hex('80024e'), 'p')).toThrow(/cut off/);
    expect(() => unpickle(new Uint8Array(), 'p')).toThrow(/cut off/);
  });

  it.each<[string, TensorLayout, RegExp]>([
    ['ends outside', { shape: [2, 3], numel: 5 }, /shape \[2, 3\], strides \[3, 1\] from 0 on' .*the 5 elements/],
    ['begins outside', { shape: [2], offset: 1, numel: 2 }, /from 1 on' .*within the 2 elements/],
    ['strides outside', { shape: [2, 2], strides: [3, 1], numel: 4 }, /within the 4 elements/],
    ['is one number seen many times', { shape: [2 ** 30, 2 ** 30], strides: [0, 0], numel: 4 }, /the 4 elements/],
    ['has an axis without a stride', { shape: [2, 2], strides: [1], numel: 4 }, /strides \[1\]/],
    ['is empty and begins outside', { shape: [0], offset: 2, numel: 1 }, /within the 1 elements/],
    ['begins before it', { shape: [1], offset: -1, numel: 2 }, /_rebuild_tensor_v2\(a storage, a number/],
    ['runs backwards', { shape: [2], strides: [-1], offset: 1, numel: 2 }, /_rebuild_tensor_v2\(/],
    ['has more axes than a tensor has', { shape: Array<number>(9).fill(1), numel: 1 }, /_rebuild_tensor_v2\(/],
  ])('a tensor that %s', (_, layout, message) => {
    expect(() => read(tensor(layout))).toThrow(ModelError);
    expect(() => read(tensor(layout))).toThrow(message);
  });

  it('a tensor that is the negative of its storage', () => {
    const layout = [storage('0', 1), int(0), tuple(int(1)), tuple(int(1)), '\x89', orderedDict];
    const rebuild = global('torch._utils', '_rebuild_tensor_v2');
    expect(read(call(rebuild, ...layout, '}'))).toBeInstanceOf(TensorRef);
    expect(() => read(call(rebuild, ...layout, dict({ neg: '\x88' })))).toThrow(/a negated or conjugated view/);
  });

  it.each([
    ['a million containers', '}0', /one more container/],
    ['a million values', 'N', /a stack of at most/],
    ['a million marks', '(', /one more mark/],
    ['a million things to remember', '0N\x94', /one more value to remember/],
  ])('%s and more', (_, code, message) => {
    expect(() => read(`N${code.repeat(0x10_0001)}`)).toThrow(message);
  });

  it('a pickle of 16 MiB and more', () => {
    expect(() => unpickle(new Uint8Array(0x100_0001), 'p')).toThrow(/'16777217 bytes' \(expected at most 16777216/);
  });
});

/** An archive in which data.pkl is another one; checksums do not stand in its way. */
function replaced(zip: Zip, data: Uint8Array): Zip {
  return { ...zip, has: (name) => zip.has(name), read: (name) => (name === 'model/data.pkl' ? data : zip.read(name)) };
}

describe('a damaged data.pkl', () => {
  it.each(['torch-lstm', 'torch-lstm-proj'])('gives tensors or a ModelError: %s', (name) => {
    const bytes = goldenFile(name, 'model.pt');
    const zip = openZip(bytes, 'm');
    let refused = 0;
    for (const data of mutations(zip.read('model/data.pkl'), 2000, 1)) {
      try {
        for (const tensor of readArchive(replaced(zip, data), 'model', 'm', bytes.length).values())
          expect(tensor.bytes.byteOffset + tensor.bytes.length).toBeLessThanOrEqual(tensor.bytes.buffer.byteLength);
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { type Hdf5Dataset, type Hdf5Group, isHdf5, openHdf5 } from '../../../src/model/formats/hdf5.ts';
import { openZip } from '../../../src/model/formats/zip.ts';
import { goldenFile } from '../../golden/golden.ts';
import { mutations } from './fuzz.ts';
import {
  chunked,
  chunkNode,
  contiguous,
  DATA,
  dataspace,
  float32,
  gzip,
  hdf5File,
  letters,
  message,
  uint,
} from './hdf5File.ts';

interface Case {
  weights_order: { path: string; shape: number[] }[];
}

const golden = new URL('../../golden/', import.meta.url);
const keras = readdirSync(golden).filter((name) => existsSync(new URL(`${name}/model.h5`, golden)));
const orderOf = (name: string): Case['weights_order'] =>
  (JSON.parse(new TextDecoder().decode(goldenFile(name, 'case.json'))) as Case).weights_order;
const legacy = (name: string): Hdf5Group => openHdf5(goldenFile(name, 'model.h5'), 'model.h5');
const weightsFile = (name: string): Uint8Array =>
  openZip(goldenFile(name, 'model.keras'), 'model.keras').read('model.weights.h5');
const early = openHdf5(goldenFile('hdf5', 'early.h5'), 'early.h5');
const late = openHdf5(goldenFile('hdf5', 'late.h5'), 'late.h5');

describe('files of Keras', () => {
  it.each(keras)('%s: the legacy file names its weights in order, with their shapes', (name) => {
    const model = group(legacy(name), 'model_weights');
    const weights = texts(model, 'layer_names').flatMap((layer) =>
      texts(group(model, layer), 'weight_names').map((path) => {
        const { shape, type } = dataset(model, `${layer}/${path}`);
        expect(type).toBe(path === 'normalization/count' ? 'int64' : 'float32');
        return { path, shape };
      }),
    );
    expect(weights).toEqual(orderOf(name));
  });

  it.each(keras)('%s: the archive holds the same weights', (name) => {
    const found = datasets(openHdf5(weightsFile(name), 'model.weights.h5'))
      .map(show)
      .sort();
    const expected = datasets(group(legacy(name), 'model_weights'))
      .map(show)
      .sort();
    expect(found).toEqual(expected);
    expect(found.length).toBe(orderOf(name).length);
  });

  it.each(['keras-seed', 'keras-gru', 'keras-gru-v1'])(
    '%s: the numbers are those of the TensorFlow.js twin',
    (name) => {
      const model = group(legacy(name), 'model_weights');
      const weights = texts(model, 'layer_names').flatMap((layer) =>
        texts(group(model, layer), 'weight_names').flatMap((path) => [...dataset(model, `${layer}/${path}`).floats()]),
      );
      const shard = goldenFile(name, 'tfjs/group1-shard1of1.bin');
      expect(Float32Array.from(weights)).toEqual(new Float32Array(new Uint8Array(shard).buffer));
    },
  );

  it('the groups and attributes of keras-gru', () => {
    const file = legacy('keras-gru');
    expect(file.keys()).toEqual(['model_weights']);
    expect(file.attributes()).toEqual(['keras_version', 'backend', 'model_config']);
    expect(file.attribute('keras_version')).toBe('3.15.1');
    expect(JSON.parse(file.attribute('model_config') as string)).toMatchObject({ class_name: 'Sequential' });
    expect(file.attribute('training_config')).toBeUndefined();
    expect(group(file, 'model_weights').keys()).toEqual(['dense', 'gru', 'top_level_model_weights']);
    expect(group(file, 'model_weights/top_level_model_weights').attribute('weight_names')).toEqual([]);
    expect(group(openHdf5(weightsFile('keras-gru'), 'x'), 'layers/gru/cell/vars').keys()).toEqual(['0', '1', '2']);
  });
});

describe('every type and layout', () => {
  const a = Array.from({ length: 12 }, (_, i) => (i - 6) / 4);

  it.each(['little_f2', 'big_f2', 'little_f4', 'big_f4', 'little_f8', 'big_f8', 'compact', 'bfloat16'])(
    'floats: %s',
    (name) => {
      const { shape, floats } = read(`numbers/${name}`);
      expect([shape, floats]).toEqual([[3, 4], a]);
    },
  );

  it.each(['i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8'])('integers: %s', (type) => {
    const expected = a.map((value) => value * 4 + (type.startsWith('u') ? 6 : 0));
    expect(read(`numbers/little_${type}`).floats).toEqual(expected);
    if (!type.endsWith('1')) expect(read(`numbers/big_${type}`).floats).toEqual(expected);
  });

  it('names the types', () => {
    const names = ['little_f2', 'bfloat16', 'big_f8', 'little_i1', 'big_u8', 'bool'];
    expect(names.map((name) => dataset(early, `numbers/${name}`).type)).toEqual([
      'float16',
      'bfloat16',
      'float64',
      'int8',
      'uint64',
      'bool',
    ]);
  });

  it('scalars, booleans and nothing at all', () => {
    expect(read('numbers/scalar')).toEqual({ shape: [], floats: [2.5] });
    expect(read('numbers/bool')).toEqual({ shape: [3], floats: [1, 0, 1] });
    expect(read('numbers/empty')).toEqual({ shape: [0, 3], floats: [] });
    expect(read('numbers/null')).toEqual({ shape: [0], floats: [] });
  });

  it.each(['plain', 'gzip', 'shuffled', 'checked', 'checkedOnly'])('chunks: %s', (name) => {
    const expected = { shape: [7, 5, 3], floats: Array.from({ length: 105 }, (_, i) => i) };
    expect(read(`chunks/${name}`)).toEqual(expected);
  });

  it('a tree of chunks with more than one level', () => {
    expect(read('wide').floats).toEqual(Array.from({ length: 150 }, (_, i) => i));
  });

  it('attributes', () => {
    const found = group(early, 'attributes');
    expect(Object.fromEntries(found.attributes().map((name) => [name, found.attribute(name)]))).toEqual({
      text: 'grüß dich',
      bytes: 'abc',
      fixed: ['kernel:0', 'bias:0'],
      texts: ['eins', 'zwei', ''],
      true: true,
      bools: [true, false],
      int: 42,
      float: 0.5,
      ints: [1, -2, 3, 4],
      none: [],
      nothing: [],
      long: 'x'.repeat(5000),
      blank: '',
    });
  });

  it('files of newer libraries', () => {
    expect(late.keys()).toEqual(['weights', 'ordered', 'chunked', 'many', 'attributes']);
    expect([...dataset(late, 'weights/kernel').floats()]).toEqual(a);
    expect([...dataset(late, '/weights/bias').floats()]).toEqual([1, 2, 3]);
    expect(group(late, 'weights').attribute('names')).toEqual(['kernel', 'bias']);
    expect(group(late, 'ordered').keys()).toEqual(['zebra', 'ant', 'moth']);
    expect(group(late, 'ordered/moth').attribute('k')).toBe('moth');
  });

  it('a user block, a hard link, and a copy that the caller may change', () => {
    const bytes = goldenFile('hdf5', 'early.h5');
    const behind = new Uint8Array(1024 + bytes.length);
    behind.set(bytes, 1024);
    expect(isHdf5(behind)).toBe(true);
    const numbers = group(openHdf5(behind, 'x.h5'), 'odd/hard');
    const values = dataset(numbers, 'little_f4').floats();
    expect([...values]).toEqual(a);
    values.fill(0);
    expect([...dataset(numbers, 'little_f4').floats()]).toEqual(a);
  });

  it('what is not there', () => {
    const paths = ['nothing', 'numbers/nothing', 'numbers/scalar/below', 'nothing/below'];
    expect(paths.map((path) => early.get(path))).toEqual([null, null, null, null]);
  });

  /** The values of a dataset of early.h5. */
  function read(path: string): { shape: readonly number[]; floats: number[] } {
    const found = dataset(early, path);
    return { shape: found.shape, floats: [...found.floats()] };
  }
});

describe('what is refused', () => {
  it.each<[string, () => unknown, string]>([
    ['lzf', () => dataset(early, 'odd/lzf').floats(), "filter: 'lzf' (expected gzip, shuffle or fletcher32)"],
    [
      'missing chunks',
      () => dataset(early, 'odd/partial').floats(),
      "invalid early.h5 odd/partial: '1 chunks' (expected 2)",
    ],
    [
      'values never written',
      () => dataset(early, 'odd/unwritten').floats(),
      "odd/unwritten: 'no values' (expected 12 bytes for shape [3])",
    ],
    [
      'texts as numbers',
      () => dataset(early, 'odd/texts').floats(),
      "invalid early.h5 odd/texts: 'string' (expected numbers)",
    ],
    [
      'a compound',
      () => dataset(early, 'odd/compound').floats(),
      "invalid early.h5 odd/compound: 'compound' (expected numbers)",
    ],
    [
      'a soft link',
      () => early.get('odd/soft'),
      "invalid early.h5 odd/soft: 'a soft link' (expected a group or a dataset)",
    ],
    ['a named type', () => early.get('odd/type'), "invalid early.h5 odd/type: 'an object of another kind'"],
    ['an external link', () => late.get('weights/external'), "invalid late.h5 weights/external: 'an external link'"],
    [
      'an index of HDF5 1.10',
      () => late.get('chunked'),
      "chunked object header: 'an index of chunks as HDF5 1.10 writes it'",
    ],
    ['dense links', () => group(late, 'many').keys(), "many object header: 'dense links in a fractal heap'"],
    [
      'dense attributes',
      () => group(late, 'attributes').attributes(),
      "object header: 'dense attributes in a fractal heap'",
    ],
    ['no HDF5', () => openHdf5(new Uint8Array(600), 'x.h5'), "invalid x.h5: '600 bytes' (expected an HDF5 file)"],
    [
      'a cut',
      () => openHdf5(goldenFile('keras-gru', 'model.h5').subarray(0, 30000), 'x.h5'),
      "invalid x.h5 superblock: '30000 bytes' (expected 33816: is the file cut off?)",
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(ModelError);
    expect(run).toThrow(message);
  });
});

describe('files that would take all memory or never end', () => {
  const open = (...file: Parameters<typeof hdf5File>): Hdf5Dataset => dataset(openHdf5(hdf5File(...file), 'x.h5'), 'x');
  const axis = (size: number): number[] => [...dataspace(size), ...float32];

  it('a file made here is read like others', () => {
    const data = new Uint8Array(Float32Array.of(1.5, -2).buffer);
    expect([...open([...axis(2), ...contiguous(DATA, 8)], data).floats()]).toEqual([1.5, -2]);
    const tree = chunkNode(0, { stored: 8, index: 0, child: DATA + 200 });
    const chunks = [...tree, ...new Array<number>(200 - tree.length).fill(0), ...data];
    expect([...open([...axis(2), ...chunked(DATA, 2)], chunks).floats()]).toEqual([1.5, -2]);
  });

  it.each<[string, () => unknown, string]>([
    [
      '8 GB in one piece',
      () => open([...axis(2 ** 31), ...contiguous(0, 2 ** 33)]).floats(),
      "invalid x.h5 x: 'bytes 0 to 8589934592' (expected a place in the 1024 bytes there are)",
    ],
    [
      'another size than the shape says',
      () => open([...axis(4), ...contiguous(0, 12)]).floats(),
      "invalid x.h5 x: '12 bytes of values' (expected 16 bytes for shape [4])",
    ],
    [
      'a shape beyond counting',
      () => open([...dataspace(2 ** 40, 2 ** 40), ...float32, ...contiguous(0, 0)]),
      'invalid x.h5 x object header: [1099511627776,1099511627776] (expected a shape of fewer than 2^53 values)',
    ],
    [
      'millions of chunks that are not there',
      () => open([...axis(2 ** 40), ...chunked(DATA, 1)], chunkNode(0)).floats(),
      "invalid x.h5 x: '0 chunks' (expected 1099511627776)",
    ],
    [
      'a gigabyte out of a hundred bytes',
      () => {
        const node = chunkNode(0, { stored: 100, index: 0, child: 0 });
        return open([...axis(2 ** 28), ...chunked(DATA, 2 ** 28), ...gzip], node).floats();
      },
      "invalid x.h5 x: '1073741824 bytes' (expected at most 103200 out of 100 packed bytes)",
    ],
    [
      'one chunk again and again',
      () => {
        const node = chunkNode(0, { stored: 4, index: 0, child: 0 }, { stored: 4, index: 0, child: 0 });
        return open([...axis(2), ...chunked(DATA, 1)], node).floats();
      },
      'invalid x.h5 x chunk: [0] (expected each chunk once)',
    ],
    [
      'a tree that is its own child',
      () => {
        const node = chunkNode(1, { stored: 4, index: 0, child: DATA });
        return open([...axis(1), ...chunked(DATA, 1)], node).floats();
      },
      "invalid x.h5 x B-tree: 'the node at byte 1024 twice' (expected a tree)",
    ],
    [
      'a header that continues in itself',
      () => {
        const block = [...letters('OCHK'), ...message(16, [...uint(8, DATA), ...uint(8, 28)]), ...uint(4, 0)];
        return open(message(16, [...uint(8, DATA), ...uint(8, 28)]), block);
      },
      "invalid x.h5 x object header: 'blocks in circles' (expected a header that ends)",
    ],
  ])('%s', (_, run, error) => {
    expect(run).toThrow(ModelError);
    expect(run).toThrow(error);
  });

  it('a group in itself is as deep as it is asked for, but not endless', () => {
    let found = openHdf5(hdf5File(48), 'x.h5');
    // 64 headers of 16 bytes, the root's being one of them
    for (let depth = 1; depth < 64; depth++) found = group(found, 'x');
    expect(found.keys()).toEqual(['x']);
    expect(() => found.get('x')).toThrow("x/x: '65 objects so far' (expected at most 64 in such a file)");
  });

  it('one long header is not read for every member of a group', () => {
    const empty = new Array<number>(40_000).fill(0);
    // a group without members, of 10,000 empty messages
    const long = [...letters('OHDR'), 2, 1, ...uint(2, empty.length + 6), ...message(10, [0, 0]), ...empty];
    const names = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i));
    const links = names.map((name) => message(6, [1, 0, 1, ...letters(name), ...uint(8, DATA)]));
    const x = group(openHdf5(hdf5File(links.flat(), long), 'x.h5'), 'x');
    expect(x.get('a')).toMatchObject({ kind: 'group' });
    // 64 Ki steps and one a byte
    expect(() => names.map((name) => x.get(name))).toThrow(
      "x/k object header: '106575 steps so far' (expected at most 106574",
    );
  });

  it('values are not handed out without end', () => {
    const x = open([...axis(2 ** 18), ...contiguous(DATA, 2 ** 20)], new Uint8Array(2 ** 20));
    const read = (times: number): void => {
      for (let i = 0; i < times; i++) x.floats();
    };
    // 64 MiB and 16 times the file
    read(80);
    expect(() => read(1)).toThrow("x.h5 x: '84934656 bytes so far' (expected at most 83902464 in such a file)");
  });
});

it.each([
  ['a legacy model', goldenFile('keras-gru', 'model.h5')],
  ['weights of an archive', weightsFile('keras-gru')],
  ['early.h5', goldenFile('hdf5', 'early.h5')],
  ['late.h5', goldenFile('hdf5', 'late.h5')],
])('2,000 damaged files are read or refused: %s', (_, bytes) => {
  const outcomes = { read: 0, refused: 0 };
  for (const damaged of mutations(bytes, 2000, 1)) {
    try {
      readAll(openHdf5(damaged, 'x.h5'), 12);
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      outcomes.refused++;
    }
  }
  expect(outcomes.read + outcomes.refused).toBe(2000);
  expect(outcomes.refused).toBeGreaterThan(200);
});

function group(from: Hdf5Group, path: string): Hdf5Group {
  const found = from.get(path);
  if (found?.kind !== 'group') throw new Error(`no group ${path}`);
  return found;
}

function dataset(from: Hdf5Group, path: string): Hdf5Dataset {
  const found = from.get(path);
  if (found?.kind !== 'dataset') throw new Error(`no dataset ${path}`);
  return found;
}

function texts(from: Hdf5Group, name: string): string[] {
  return [...(from.attribute(name) as readonly string[])];
}

/** All datasets below a group. */
function datasets(from: Hdf5Group): Hdf5Dataset[] {
  return from.keys().flatMap((key) => {
    const found = from.get(key)!;
    return found.kind === 'dataset' ? [found] : datasets(found);
  });
}

function show(found: Hdf5Dataset): string {
  return JSON.stringify([found.type, found.shape, [...found.floats()]]);
}

/** Reads whatever can be read; a member that cannot does not hide the others. */
function readAll(from: Hdf5Group, depth: number): void {
  for (const name of from.attributes()) from.attribute(name);
  for (const key of from.keys()) {
    try {
      const found = from.get(key);
      if (found?.kind === 'group' && depth > 0) readAll(found, depth - 1);
      if (found?.kind === 'dataset') found.floats();
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
    }
  }
}

import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { parseSafetensors } from '../../../src/model/formats/safetensors.ts';
import { isZip, openZip } from '../../../src/model/formats/zip.ts';
import { goldenFile } from '../../golden/golden.ts';
import { mutations } from './fuzz.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const unbase64 = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** By Python's zipfile: 'tick ' 20 times in a/b.txt, deflated; 'stored' in c; the comment 'by Python'. */
const python = unbase64(
  'UEsDBBQAAAAIAAAAIVCNQzMlCgAAAGQAAAAHAAAAYS9iLnR4dCvJTM5WKKEtAQBQSwMEFAAAAAAAAAAhUAv5Q1YGAAAABgAAAAEAAABjc3RvcmVkUEsB' +
    'AhQDFAAAAAgAAAAhUI1DMyUKAAAAZAAAAAcAAAAAAAAAAAAAAIABAAAAAGEvYi50eHRQSwECFAMUAAAAAAAAACFQC/lDVgYAAAAGAAAAAQAAAAAAAAAA' +
    'AAAAgAEvAAAAY1BLBQYAAAAAAgACAGQAAABUAAAACQBieSBQeXRob24=',
);
/** The same without a comment, every number in its zip64 form (zipfile.ZIP64_LIMIT = 5). */
const python64 = unbase64(
  'UEsDBC0AAAAIAAAAIVCNQzMl//////////8HABQAYS9iLnR4dAEAEABkAAAAAAAAAAoAAAAAAAAAK8lMzlYooS0BAFBLAwQtAAAAAAAAACFQC/lDVv//' +
    '////////AQAUAGMBABAABgAAAAAAAAAGAAAAAAAAAHN0b3JlZFBLAQItAy0AAAAIAAAAIVCNQzMl//////////8HABQAAAAAAAAAAACAAQAAAABhL2Iu' +
    'dHh0AQAQAGQAAAAAAAAACgAAAAAAAABQSwECLQMtAAAAAAAAACFQC/lDVv//////////AQAcAAAAAAAAAAAAgAH/////YwEAGAAGAAAAAAAAAAYAAAAA' +
    'AAAAQwAAAAAAAABQSwYGLAAAAAAAAAAtAC0AAAAAAAAAAAACAAAAAAAAAAIAAAAAAAAAlAAAAAAAAAB8AAAAAAAAAFBLBgcAAAAAEAEAAAAAAAABAAAA' +
    'UEsFBgAAAAACAAIAlAAAAHwAAAAAAA==',
);

describe('openZip', () => {
  it('opens a Keras archive', () => {
    const bytes = goldenFile('keras-gru', 'model.keras');
    expect(isZip(bytes)).toBe(true);
    const zip = openZip(bytes, 'model.keras');
    expect(zip.names).toEqual(['metadata.json', 'config.json', 'model.weights.h5']);
    expect(JSON.parse(text(zip.read('config.json')))).toMatchObject({ class_name: 'Sequential' });
    expect([zip.has('config.json'), zip.has('config')]).toEqual([true, false]);
    // stored: a view of the archive
    expect(zip.read('model.weights.h5').buffer).toBe(bytes.buffer);
  });

  it('opens a PyTorch archive: its tensors are those of the safetensors twin', () => {
    const zip = openZip(goldenFile('torch-lstm', 'model.pt'), 'model.pt');
    expect(zip.names.slice(0, 4)).toEqual([
      'model/data.pkl',
      'model/.format_version',
      'model/.storage_alignment',
      'model/byteorder',
    ]);
    expect(text(zip.read('model/byteorder'))).toBe('little');
    const { tensors } = parseSafetensors(goldenFile('torch-lstm', 'model.safetensors'), 'model.safetensors');
    expect(new Uint8Array(zip.read('model/data/0'))).toEqual(new Uint8Array(tensors.get('rnn.weight_ih_l0')!.bytes));
    expect(new Uint8Array(zip.read('model/data/9'))).toEqual(new Uint8Array(tensors.get('fc.bias')!.bytes));
  });

  it.each([
    ['32-bit numbers and a comment', python],
    ['zip64', python64],
  ])('opens what Python wrote, with %s', (_, bytes) => {
    const zip = openZip(bytes, 'python.zip');
    expect(zip.names).toEqual(['a/b.txt', 'c']);
    expect(text(zip.read('a/b.txt'))).toBe('tick '.repeat(20));
    expect(text(zip.read('c'))).toBe('stored');
  });

  it('inflates large entries', () => {
    const data = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
    expect(openZip(zipSync({ data }), 'x.zip').read('data')).toEqual(data);
  });

  it('opens a Buffer, in which a slice is no copy', () => {
    expect(text(openZip(Buffer.from(python), 'x.zip').read('c'))).toBe('stored');
  });
});

describe('what is refused', () => {
  /** Where Python's directory begins, and its second entry. */
  const first = 84;
  const second = first + 46 + 7;
  const bomb = zipSync({ zeros: new Uint8Array(1_000_000) });
  const bombEntry = bomb.length - 22 - 46 - 5;

  it.each<[string, Uint8Array, string]>([
    [
      'an empty file',
      new Uint8Array(0),
      "invalid x.zip: 'a zip of 0 bytes' (expected a zip that ends with its directory",
    ],
    [
      'a cut',
      python.subarray(0, 190),
      "invalid x.zip: 'a zip of 190 bytes' (expected a zip that ends with its directory",
    ],
    ['bytes after the end', join(python, [0]), "'a zip of 216 bytes' (expected a zip that ends with its directory"],
    ['a directory beyond the file', patch(python, 200, 1000), "invalid x.zip zip directory: 'bytes 1000 to 1100'"],
    ['a directory of 4 GB', patch(python, 196, 0xffff_fff0), 'invalid x.zip zip directory: '],
    ['a directory elsewhere', patch(python, 200, 80), "invalid x.zip zip directory: 'another record at byte 80'"],
    ['fewer entries than stated', patch(python, 192, 0x0003_0003), "'2 entries' (expected 3, as its end record says)"],
    ['several disks', patch(python, 188, 1), "invalid x.zip zip end record: '2 of 2 entries, disk 1'"],
    ['another local header', patch(python, first + 42, 1), "x.zip a/b.txt local header: 'something else'"],
    ['a header beyond the file', patch(python, first + 42, 0x7fff_ffff), 'invalid x.zip a/b.txt local header: '],
    ['another name', patch(python, 30, 0x7562_2f61), "invalid x.zip a/b.txt local header: 'another name'"],
    [
      'an entry into the next one',
      patch(python, first + 20, 11),
      "invalid x.zip a/b.txt: 'bytes 37 to 48' (expected an end",
    ],
    ['the same place twice', patch(python, second + 42, 0), 'invalid x.zip c local header: '],
    ['encryption', patch(python, first + 8, 0x0008_0001), "invalid x.zip a/b.txt: 'an encrypted entry'"],
    ['a wrong stored size', patch(python, second + 24, 7), "invalid x.zip c: '7 bytes unpacked' (expected 6"],
    [
      '2 GB claimed',
      patch(python, first + 24, 0x8000_0000),
      "a/b.txt: '2147483648 bytes' (expected at most 10320 out of 10",
    ],
    ['a climbing name', rename(python, '../.txt'), "invalid x.zip name of a zip entry: '../.txt'"],
    ['an absolute name', rename(python, '/etc/pw'), "invalid x.zip name of a zip entry: '/etc/pw'"],
    ['a drive', rename(python, 'c:/.txt'), "invalid x.zip name of a zip entry: 'c:/.txt'"],
    ['a backslash', rename(python, 'a\\b.txt'), "invalid x.zip name of a zip entry: 'a\\b.txt'"],
    ['a zero in a name', rename(python, 'a\0b.txt'), 'invalid x.zip name of a zip entry: '],
    ['bytes that are no text', rename(python, '\xff/b.txt'), 'invalid x.zip name of a zip entry: '],
    ['a name twice', twice(), "invalid x.zip same: 'two entries' (expected one)"],
  ])('%s', (_, bytes, message) => {
    expect(() => openZip(bytes, 'x.zip')).toThrow(ModelError);
    expect(() => openZip(bytes, 'x.zip')).toThrow(message);
  });

  it.each<[string, Uint8Array, string, string]>([
    ['a missing entry', python, 'd', 'invalid x.zip: ["a/b.txt","c"] (expected a zip archive with d)'],
    [
      'an unknown method',
      patch(python, first + 10, 12, 2),
      'a/b.txt',
      'a/b.txt compression method: 12 (expected stored',
    ],
    ['damaged stored bytes', patch(python, 78, 0), 'c', "invalid x.zip c CRC-32: '"],
    [
      'a wrong CRC',
      patch(python, first + 16, 1),
      'a/b.txt',
      "CRC-32: '2533438d' (expected 00000001: is the file damaged?)",
    ],
    ['a damaged stream', patch(python, 37, 0xffff_ffff), 'a/b.txt', "invalid x.zip a/b.txt: '10 damaged bytes'"],
    [
      'fewer bytes than stated',
      patch(python, first + 24, 101),
      'a/b.txt',
      "a/b.txt: '100 bytes unpacked' (expected 101)",
    ],
    [
      'more bytes than stated',
      patch(python, first + 24, 99),
      'a/b.txt',
      "a/b.txt: 'more than 99 bytes unpacked' (expected 99)",
    ],
    [
      'a bomb that says less',
      patch(bomb, bombEntry + 24, 1000),
      'zeros',
      "zeros: 'more than 1000 bytes unpacked' (expected 1000)",
    ],
  ])('%s', (_, bytes, name, message) => {
    const zip = openZip(bytes, 'x.zip');
    expect(() => zip.read(name)).toThrow(ModelError);
    expect(() => zip.read(name)).toThrow(message);
  });

  it('more than 2 GiB in all, though every entry is within bounds', () => {
    const packed = new Uint8Array(700_000);
    const entries = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, packed]));
    const bytes = zipSync(entries, { level: 0 });
    const directory = bytes.length - 22 - 4 * 47;
    for (let i = 0; i < 4; i++) {
      const entry = directory + i * 47;
      bytes[entry + 10] = 8;
      new DataView(bytes.buffer).setUint32(entry + 24, 700_000_000, true);
    }
    expect(() => openZip(bytes, 'x.zip')).toThrow(
      "invalid x.zip: '2800000000 bytes unpacked' (expected at most 2147483648)",
    );
  });
});

it.each([
  ['Keras', goldenFile('keras-gru', 'model.keras')],
  ['PyTorch', goldenFile('torch-lstm-proj', 'model.pt')],
  ['deflated', python],
  ['zip64', python64],
])('2,000 damaged archives are opened or refused: %s', (_, bytes) => {
  const outcomes = { read: 0, refused: 0 };
  for (const damaged of mutations(bytes, 2000, 1)) {
    try {
      const zip = openZip(damaged, 'x.zip');
      for (const name of zip.names) zip.read(name);
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      outcomes.refused++;
    }
  }
  expect(outcomes.read + outcomes.refused).toBe(2000);
  // almost every byte is under a CRC
  expect(outcomes.refused).toBeGreaterThan(1000);
});

/** A copy with another little-endian number in it. */
function patch(bytes: Uint8Array, at: number, value: number, size: 2 | 4 = 4): Uint8Array {
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  if (size === 2) view.setUint16(at, value, true);
  else view.setUint32(at, value, true);
  return copy;
}

function join(bytes: Uint8Array, more: number[]): Uint8Array {
  return Uint8Array.from([...bytes, ...more]);
}

/** Python's archive with another name of seven bytes for its first entry. */
function rename(bytes: Uint8Array, name: string): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (const at of [30, 84 + 46])
    copy.set(
      Array.from(name, (letter) => letter.charCodeAt(0)),
      at,
    );
  return copy;
}

/** An archive of two entries with one name. */
function twice(): Uint8Array {
  const bytes = zipSync({ same: new Uint8Array(3), sbme: new Uint8Array(3) }, { level: 0 });
  return bytes.map((byte, i) => (byte === 0x62 && bytes[i - 1] === 0x73 ? 0x61 : byte));
}

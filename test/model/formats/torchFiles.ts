/** Files of torch.save, written by hand: pickles as texts of one character a byte, archives around them. */
import { zipSync } from 'fflate';

/** Little-endian bytes of a number. */
export function le(value: number | bigint, bytes: number): string {
  let text = '';
  for (let i = 0, n = BigInt(value); i < bytes; i++, n >>= 8n) text += String.fromCharCode(Number(n & 0xffn));
  return text;
}

/** A pickle of protocol 2. */
export function pickle(code: string, protocol = 2): Uint8Array {
  return Uint8Array.from(`\x80${String.fromCharCode(protocol)}${code}.`, (c) => c.charCodeAt(0));
}

export const NONE = 'N';
export const text = (value: string): string => `X${le(value.length, 4)}${value}`;
export const int = (value: number): string => `J${le(value, 4)}`;
export const tuple = (...items: string[]): string => `(${items.join('')}t`;
export const global = (module: string, name: string): string => `c${module}\n${name}\n`;
export const call = (callee: string, ...args: string[]): string => `${callee}${tuple(...args)}R`;
export const dict = (entries: Record<string, string>): string =>
  `}(${Object.entries(entries)
    .map(([key, value]) => text(key) + value)
    .join('')}u`;
export const orderedDict = call(global('collections', 'OrderedDict'));

export interface TensorLayout {
  shape: number[];
  strides?: number[];
  offset?: number;
  /** Key and elements of the storage; by default one of its own, as large as the tensor. */
  storage?: string;
  numel?: number;
  /** Name of the storage's type. */
  type?: string;
}

export const storage = (key: string, numel: number, type = 'FloatStorage'): string =>
  `${tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(numel))}Q`;

export function tensor({ shape, strides, offset = 0, storage: key = '0', numel, type }: TensorLayout): string {
  const count = shape.reduce((product, n) => product * n, 1);
  const plain = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const from = storage(key, numel ?? count, type);
  const layout = [tuple(...shape.map(int)), tuple(...(strides ?? plain).map(int))];
  return call(global('torch._utils', '_rebuild_tensor_v2'), from, int(offset), ...layout, '\x89', orderedDict);
}

/** An archive as torch.save writes it: stored, under one folder. */
export function archive(
  data: Uint8Array,
  storages: Record<string, Uint8Array> = {},
  more: Record<string, string> = { byteorder: 'little', version: '3\n' },
): Uint8Array {
  const entries: Record<string, Uint8Array> = { 'm/data.pkl': data };
  for (const [name, value] of Object.entries(more)) entries[`m/${name}`] = new TextEncoder().encode(value);
  for (const [key, bytes] of Object.entries(storages)) entries[`m/data/${key}`] = bytes;
  return zipSync(entries, { level: 0 });
}

/** A state dict of float32 tensors, each with a storage of its own; every value counts up by one thousandth. */
export function stateDictOf(shapes: Record<string, number[]>): { code: string; storages: Record<string, Uint8Array> } {
  const storages: Record<string, Uint8Array> = {};
  const entries: Record<string, string> = {};
  let next = 0;
  for (const [i, [key, shape]] of Object.entries(shapes).entries()) {
    const values = new Float32Array(shape.reduce((product, n) => product * n, 1)).map(() => next++ / 1000);
    storages[i] = new Uint8Array(values.buffer);
    entries[key] = tensor({ shape, storage: String(i) });
  }
  return { code: dict(entries), storages };
}

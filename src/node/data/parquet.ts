import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type Compressors, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { DataError, invalid } from '../../errors.ts';
import type { Cell, DataReader } from './reader.ts';

const compressors: Compressors = {
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
};

/** Apache Parquet: flat columns; uncompressed, Snappy, gzip or Brotli. */
export const parquet: DataReader = {
  name: 'parquet',
  endings: ['.parquet'],
  recognises: (head) => head.length >= 4 && String.fromCharCode(...head.subarray(0, 4)) === 'PAR1',
  async read(bytes, file) {
    const copy = bytes.slice().buffer;
    const source = { byteLength: copy.byteLength, slice: (start: number, end?: number) => copy.slice(start, end) };
    try {
      const metadata = await parquetMetadataAsync(source);
      const columns = parquetSchema(metadata).children.map((child) => child.element.name);
      const objects = await parquetReadObjects({ file: source, metadata, compressors });
      const rows = objects.map((object) => columns.map((name) => cell(object[name])));
      return { columns, rows, place: (row) => `row ${row}` };
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new DataError(invalid(file, text, 'a Parquet file (uncompressed, Snappy, gzip or Brotli)'), { cause });
    }
  },
};

function cell(value: unknown): Cell {
  if (value instanceof Date) return value;
  return value === undefined || typeof value === 'object' ? null : (value as Cell);
}

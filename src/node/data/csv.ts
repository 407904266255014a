import { CsvError, parse } from 'csv-parse/sync';
import { DataError, invalid } from '../../errors.ts';
import type { DataReader } from './reader.ts';

/** Comma-separated values with a header row; quotes as in RFC 4180, empty lines skipped. */
export const csv: DataReader = {
  name: 'csv',
  endings: ['.csv'],
  recognises: () => false,
  read(bytes, file) {
    const lines: number[] = [];
    let records: string[][];
    try {
      records = parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
        bom: true,
        skip_empty_lines: true,
        on_record(record: string[], { lines: line }) {
          lines.push(line);
          return record;
        },
      });
    } catch (cause) {
      if (!(cause instanceof CsvError)) throw cause;
      throw new DataError(invalid(`${file} line ${cause.lines}`, cause.message, 'comma-separated values'), { cause });
    }
    const header = records.shift()?.map((name) => name.trim());
    if (!header) throw new DataError(invalid(file, 'an empty file', 'a header row and rows of values'));
    header.forEach((name, i) => {
      const expected = 'a name for every column, each once';
      if (name === '' || header.indexOf(name) !== i)
        throw new DataError(invalid(`${file} line ${lines[0]}, column ${i + 1}`, name, expected));
    });
    return { columns: header, rows: records, place: (row) => `line ${lines[row + 1]}` };
  },
};

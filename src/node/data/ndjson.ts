import { DataError, invalid } from '../../errors.ts';
import type { Cell, DataReader } from './reader.ts';

/** One JSON object a line; columns in the order in which they first appear. Nested values are no cells. */
export const ndjson: DataReader = {
  name: 'ndjson',
  endings: ['.ndjson', '.jsonl'],
  recognises: (head) => firstCharacter(head) === '{',
  read(bytes, file) {
    const index = new Map<string, number>();
    const lines: number[] = [];
    const rows: Cell[][] = [];
    new TextDecoder()
      .decode(bytes)
      .split('\n')
      .forEach((text, i) => {
        if (text.trim() === '') return;
        const row: Cell[] = [];
        for (const [name, value] of Object.entries(parseLine(text, `${file} line ${i + 1}`))) {
          if (!index.has(name)) index.set(name, index.size);
          row[index.get(name)!] = typeof value === 'object' ? null : (value as Cell);
        }
        rows.push(row);
        lines.push(i + 1);
      });
    const columns = [...index.keys()];
    for (const row of rows) for (let c = 0; c < columns.length; c++) row[c] ??= null;
    return { columns, rows, place: (row) => `line ${lines[row]}` };
  },
};

function parseLine(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(invalid(path, text, 'a JSON object'), { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError(invalid(path, text, 'a JSON object'));
  }
  return value as Record<string, unknown>;
}

function firstCharacter(head: Uint8Array): string {
  return new TextDecoder().decode(head).trimStart().charAt(0);
}

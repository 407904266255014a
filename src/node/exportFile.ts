import { closeSync, createWriteStream, openSync, rmSync } from 'node:fs';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ConfigError, invalid } from '../errors.ts';
import type { Cell, Row, Table, TableColumn } from '../recording/table.ts';

/**
 * Writes a table to a new file, by its ending.
 * @returns rows written
 * @throws ConfigError for another ending, or where the file exists or cannot be created
 */
export async function exportFile(table: Table, path: string): Promise<number> {
  const write = writers[extname(path)];
  if (!write) throw new ConfigError(invalid('--to', path, `a file that ends in ${Object.keys(writers).join(', ')}`));
  try {
    closeSync(openSync(path, 'wx'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const expected = code === 'EEXIST' ? 'the name of a new file' : `a file that can be written: ${message}`;
    throw new ConfigError(invalid('--to', path, expected), { cause });
  }
  try {
    return await write(table, path);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

const writers: Record<string, (table: Table, path: string) => Promise<number>> = {
  '.parquet': writeParquet,
  '.csv': (table, path) =>
    writeText(table, path, `${table.columns.map(({ name }) => csv(name)).join(',')}\r\n`, (row) => {
      return `${table.columns.map(({ name }) => csv(row[name] ?? null)).join(',')}\r\n`;
    }),
  '.ndjson': (table, path) => writeText(table, path, '', (row) => `${JSON.stringify(row)}\n`),
};

async function writeText(table: Table, path: string, head: string, line: (row: Row) => string): Promise<number> {
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    if (table.columns.length > 0) yield head;
    for await (const rows of table.rows()) {
      count += rows.length;
      yield rows.map(line).join('');
    }
  }
  await pipeline(lines, createWriteStream(path));
  return count;
}

/** RFC 4180. A spreadsheet takes text that begins like a formula for one: it gets a quote before it. */
function csv(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows of one group: what is in memory at a time. */
const GROUP = 50_000;
const TYPES = { number: 'DOUBLE', text: 'STRING', boolean: 'BOOLEAN' } as const;

async function writeParquet({ columns, rows }: Table, path: string): Promise<number> {
  const { fileWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer');
  if (columns.length === 0)
    throw new ConfigError(invalid('--channel', 'an empty one', 'one with records, for Parquet'));
  const dataOf = (group: readonly Row[]) =>
    columns.map(({ name, type }) => ({
      ...{ name, type: TYPES[type], nullable: true },
      data: group.map((row) => parquet(row[name] ?? null, type)),
    }));
  const writer = fileWriter(path);
  const file = new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData: dataOf([]) }) });
  let count = 0;
  let group: Row[] = [];
  const flush = async (): Promise<void> => {
    count += group.length;
    if (group.length > 0) await file.write({ columnData: dataOf(group) });
    group = [];
  };
  for await (const some of rows()) {
    group.push(...some);
    if (group.length >= GROUP) await flush();
  }
  await flush();
  await file.finish();
  return count;
}

function parquet(cell: Cell, type: TableColumn['type']): Cell {
  return type === 'text' && cell !== null ? String(cell) : cell;
}

/** Rows of CSV or NDJSON as they come in, in pieces of any size: each complete one is a message. */
import { parse } from 'csv-parse/sync';

export type RowFormat = 'csv' | 'ndjson';

/** The longest row, bytes: a longer one is left out. */
export const LONGEST = 1 << 20;
const [NEWLINE, QUOTE] = [0x0a, 0x22];

export class RowReader {
  /** Rows that were too long, or no row: they are no messages. */
  dropped = 0;
  readonly #format: RowFormat;
  #header: string[] | null;
  #rest: Buffer = Buffer.alloc(0);
  /** Where the rest was looked at, and whether a quote is open there: a line end within quotes ends no row. */
  #seen = 0;
  #quoted = false;
  #skipping = false;
  readonly #encoder = new TextEncoder();

  /** @param header names of the columns of CSV, where the first row does not give them */
  constructor(format: RowFormat, header: readonly string[] | null = null) {
    this.#format = format;
    this.#header = header && [...header];
  }

  /** Names of the columns of CSV; null before the header has come. */
  get header(): readonly string[] | null {
    return this.#header;
  }

  /** @returns messages: JSON objects, of CSV with text in every cell */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const rows: Uint8Array[] = [];
    let from = 0;
    for (let i = this.#seen; i < this.#rest.length; i++) {
      const byte = this.#rest[i]!;
      if (byte === QUOTE && this.#format === 'csv') this.#quoted = !this.#quoted;
      if (byte !== NEWLINE || this.#quoted) continue;
      this.#row(this.#rest.subarray(from, i), rows);
      from = i + 1;
    }
    this.#rest = this.#rest.subarray(from);
    this.#seen = this.#rest.length;
    if (this.#rest.length > LONGEST) {
      // what is too long to be a row is forgotten until its end comes
      this.#skipping = true;
      this.#quoted = false;
      this.#rest = Buffer.alloc(0);
      this.#seen = 0;
    }
    return rows;
  }

  /** The end: what is left is a row, too. */
  end(): Uint8Array[] {
    const rows: Uint8Array[] = [];
    if (this.#rest.length > 0 || this.#skipping) this.#row(this.#rest, rows);
    this.#rest = Buffer.alloc(0);
    this.#seen = 0;
    this.#quoted = false;
    return rows;
  }

  #row(bytes: Uint8Array, rows: Uint8Array[]): void {
    if (this.#skipping || bytes.length > LONGEST) {
      this.#skipping = false;
      this.dropped++;
      return;
    }
    const text = new TextDecoder()
      .decode(bytes)
      .replace(/^\ufeff/, '')
      .replace(/\r$/, '');
    if (text.trim() === '') return;
    if (this.#format === 'ndjson') {
      rows.push(this.#encoder.encode(text));
      return;
    }
    const cells = cellsOf(text);
    if (!cells) this.dropped++;
    else if (!this.#header) this.#header = cells.map((name) => name.trim());
    else {
      const header = this.#header;
      const fields = header.flatMap((name, i) => (cells[i] === undefined ? [] : [[name, cells[i]] as const]));
      rows.push(this.#encoder.encode(JSON.stringify(Object.fromEntries(fields))));
    }
  }
}

function cellsOf(text: string): string[] | null {
  try {
    return (parse(text, { relax_column_count: true }) as string[][])[0] ?? null;
  } catch {
    return null;
  }
}

/** By a file's ending; null: neither. */
export function formatOf(path: string): RowFormat | null {
  if (/\.csv$/i.test(path)) return 'csv';
  return /\.(?:ndjson|jsonl|json|log)$/i.test(path) ? 'ndjson' : null;
}

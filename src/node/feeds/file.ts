/** Files and pipes as feeds: every row is a message. They have an end. */
import { createReadStream, type ReadStream, statSync } from 'node:fs';
import { concat, defer, Observable, of } from 'rxjs';
import { z } from 'zod';
import { ConfigError, invalid } from '../../errors.ts';
import { type FeedEvent, feedKind } from '../../feeds/index.ts';
import { parquet } from '../data/parquet.ts';
import { readNamedFile } from '../files.ts';
import { wallMs } from '../wall.ts';
import { formatOf, type RowFormat, RowReader } from './rows.ts';

const rowOptions = {
  /** Of its rows; default: what the name ends in. */
  format: z.enum(['csv', 'ndjson']).optional(),
  /** Rows a second; default: as fast as they are taken. */
  rate: z.number().positive().max(1e6).optional(),
};

/** Rows that are given at once before others get their turn. */
const BATCH = 256;

export const file = feedKind({
  schemes: ['file'],
  summary: 'a CSV, NDJSON or Parquet file, row by row, to its end',
  options: rowOptions,
  open({ url, format, rate }) {
    const path = pathOf(url);
    checkFile(path);
    if (/\.parquet$/i.test(path)) return rows(url, () => parquetRows(path), rate);
    const kind = format ?? formatOf(path);
    if (!kind)
      throw new ConfigError(invalid('feed.url', url, 'a name that ends in .csv, .ndjson or .parquet, or feed.format'));
    return rows(url, () => streamRows(createReadStream(path), kind), rate);
  },
});

export const stdin = feedKind({
  schemes: ['stdin'],
  summary: 'what is piped in, as CSV or NDJSON, to its end',
  once: true,
  options: rowOptions,
  open: ({ url, format, rate }) => rows(url, () => streamRows(process.stdin as unknown as ReadStream, format), rate),
});

/** The path of a `file:` or `tail:` URL: `file:data.csv` is relative to the working folder. */
export function pathOf(url: string): string {
  const path = url.replace(/^[a-z]+:/, '').replace(/^\/\/(?=\/)/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** @throws ConfigError for what is no file that can be read */
export function checkFile(path: string, where = 'feed.url'): void {
  let reason: string | null = null;
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) reason = 'this is a folder';
  } catch (cause) {
    reason =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is none of that name' : (cause as Error).message;
  }
  if (reason) throw new ConfigError(invalid(where, path, `a file that can be read: ${reason}`));
}

/** Statuses around rows: open, then the rows, then closed with the reason; it completes. */
function rows(feed: string, read: () => AsyncIterable<Uint8Array[]>, rate: number | undefined): Observable<FeedEvent> {
  const status = (state: 'open' | 'closed', reason?: string): FeedEvent => ({
    kind: 'status',
    status: { feed, state, ...(reason ? { reason } : {}) },
    received: wallMs(),
  });
  return concat(
    defer(() => of(status('open'))),
    new Observable<FeedEvent>((subscriber) => {
      let over = false;
      void (async () => {
        let reason = 'end of file';
        const begun = performance.now();
        let given = 0;
        try {
          for await (const batch of read()) {
            for (const data of batch) {
              if (over) return;
              subscriber.next({ kind: 'message', data, received: wallMs() });
              given++;
              const wait = rate === undefined ? 0 : (1000 * given) / rate - (performance.now() - begun);
              if (wait > 1 || given % BATCH === 0) await new Promise((done) => setTimeout(done, Math.max(0, wait)));
            }
          }
        } catch (error) {
          reason = (error as Error).message;
        }
        if (over) return;
        subscriber.next(status('closed', reason));
        subscriber.complete();
      })();
      return () => {
        over = true;
      };
    }),
  );
}

/** @param format undefined: what the first letter tells */
async function* streamRows(stream: ReadStream, format?: RowFormat): AsyncGenerator<Uint8Array[]> {
  let reader = format === undefined ? null : new RowReader(format);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      reader ??= new RowReader(/^[\ufeff\s]*[{[]/.test(chunk.subarray(0, 64).toString('utf8')) ? 'ndjson' : 'csv');
      yield reader.push(chunk);
    }
    if (reader) yield reader.end();
  } finally {
    stream.destroy();
  }
}

async function* parquetRows(path: string): AsyncGenerator<Uint8Array[]> {
  const { columns, rows: table } = await parquet.read(await readNamedFile(path, 'feed.url'), path);
  const encoder = new TextEncoder();
  for (const cells of table) {
    const fields = columns.map((name, i) => [
      name,
      cells[i] instanceof Date ? (cells[i] as Date).toISOString() : cells[i],
    ]);
    const row = Object.fromEntries(fields);
    yield [encoder.encode(JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? Number(value) : value)))];
  }
}

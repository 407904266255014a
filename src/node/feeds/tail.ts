/** `tail:`: the rows that are added to a file, as `tail -F` follows it. */
import { open, stat } from 'node:fs/promises';
import { Observable } from 'rxjs';
import { z } from 'zod';
import { ConfigError, invalid } from '../../errors.ts';
import { type FeedEvent, feedKind } from '../../feeds/index.ts';
import type { FeedStatus } from '../../types.ts';
import { wallMs } from '../wall.ts';
import { pathOf } from './file.ts';
import { formatOf, RowReader } from './rows.ts';

/** Bytes that are read at once. */
const PIECE = 1 << 16;

export const tail = feedKind({
  schemes: ['tail'],
  summary: 'the rows that are added to a CSV or NDJSON file',
  options: {
    /** Of its rows; default: what the name ends in. */
    format: z.enum(['csv', 'ndjson']).optional(),
    /** `end`: what is added from now on; `start`: what is there already as well. */
    from: z.enum(['start', 'end']).default('end'),
    /** Seconds from one look to the next. */
    every: z.number().min(0.01).max(3600).default(0.25),
  },
  open({ url, format, from, every }) {
    const path = pathOf(url);
    const kind = format ?? formatOf(path);
    if (!kind) throw new ConfigError(invalid('feed.url', url, 'a name that ends in .csv or .ndjson, or feed.format'));
    return new Observable<FeedEvent>((subscriber) => {
      let over = false;
      let timer: NodeJS.Timeout | undefined;
      const say = (state: FeedStatus['state'], more: Partial<FeedStatus> = {}): void =>
        subscriber.next({ kind: 'status', status: { feed: url, state, ...more }, received: wallMs() });
      let reader = new RowReader(kind);
      /** Which file it is, and how much of it has been read; null: none is there. */
      let file: { inode: number; at: number } | null = null;
      let first = true;
      const look = async (): Promise<void> => {
        const { ino, size } = await stat(path);
        if (!file) {
          say('open');
          const skip = first && from === 'end';
          file = { inode: ino, at: skip ? size : 0 };
          // the header of a CSV file stands at its beginning, wherever its rows are followed from
          if (skip && kind === 'csv') reader = new RowReader(kind, await headerOf(path));
          first = false;
        } else if (ino !== file.inode || size < file.at) {
          const reason = ino !== file.inode ? 'the file was replaced' : 'the file was cut';
          say('gap', { reason, missing: null });
          reader = new RowReader(kind);
          file = { inode: ino, at: 0 };
        }
        const handle = await open(path, 'r');
        try {
          while (!over && file.at < size) {
            const { bytesRead, buffer } = await handle.read(Buffer.alloc(PIECE), 0, PIECE, file.at);
            if (bytesRead === 0) break;
            file.at += bytesRead;
            for (const data of reader.push(buffer.subarray(0, bytesRead))) {
              if (over) return;
              subscriber.next({ kind: 'message', data, received: wallMs() });
            }
          }
        } finally {
          await handle.close();
        }
      };
      const again = async (): Promise<void> => {
        try {
          await look();
        } catch (error) {
          if (file || first) say('closed', { reason: (error as Error).message, retryInMs: every * 1000 });
          file = null;
          first = false;
        }
        if (!over) timer = setTimeout(() => void again(), every * 1000);
      };
      say('connecting');
      void again();
      return () => {
        over = true;
        clearTimeout(timer);
      };
    });
  },
});

async function headerOf(path: string): Promise<readonly string[] | null> {
  const reader = new RowReader('csv');
  const handle = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(PIECE), 0, PIECE, 0);
    reader.push(buffer.subarray(0, bytesRead));
    return reader.header;
  } finally {
    await handle.close();
  }
}

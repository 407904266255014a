/** Feeds of this machine: its sensors, files, and files that grow. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, type Subscription, toArray } from 'rxjs';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../src/config.ts';
import type { FeedEvent } from '../../../src/feeds/feed.ts';
import { compileMapping, feedOf, findFeed } from '../../../src/feeds/index.ts';
import '../../../src/node/feeds/index.ts';
import { openSource } from '../../../src/node/setup.ts';
import { whytick } from '../cli/whytick.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-local-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string, text?: string): string => {
  const file = join(folder, name);
  if (text !== undefined) writeFileSync(file, text);
  return file;
};

const told = (events: readonly FeedEvent[]): string[] =>
  events.map((event) => {
    if (event.kind === 'message') return new TextDecoder().decode(event.data);
    const { state, reason } = event.status;
    return reason ? `${state}: ${reason}` : state;
  });
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 10 });

let following: Subscription | undefined;
afterEach(() => following?.unsubscribe());
function follow(url: string, options: object = {}): FeedEvent[] {
  const events: FeedEvent[] = [];
  following = openSource({ ...feedOf(url), ...options }).subscribe((event) => events.push(event));
  return events;
}

describe('system:', () => {
  it('says how busy this machine is, in columns that its own mapping reads', async () => {
    const { feed, engine } = parseConfig({ feed: { url: 'system:', every: 0.05 } });
    const events: FeedEvent[] = [];
    following = openSource(feed).subscribe((event) => events.push(event));
    await until(() => expect(events.length).toBeGreaterThan(3));
    const mapping = compileMapping(engine.mapping);
    expect(mapping.columns.slice(0, 2)).toEqual(['cpu', 'cpu0']);
    expect(mapping.columns).toContain(`cpu${cpus().length - 1}`);
    const messages = events.flatMap((event) => (event.kind === 'message' ? [mapping.parse(event.data)] : []));
    for (const { ticks, invalid } of messages) {
      expect(invalid).toEqual([]);
      const { cpu, memory, loopDelay } = ticks[0]!.values as Record<string, number>;
      for (const share of [cpu!, memory!]) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
      }
      expect(loopDelay).toBeGreaterThanOrEqual(0);
    }
    expect(told(events)[0]).toBe('open');
  });
});

describe('file:', () => {
  it('gives every row of CSV, NDJSON and pipes, says that it ends, and completes', async () => {
    const csv = path('a.csv', 'time,x\n1,2\n3,4\n');
    const all = await lastValueFrom(openSource(feedOf(`file:${csv}`)).pipe(toArray()));
    expect(told(all)).toEqual(['open', '{"time":"1","x":"2"}', '{"time":"3","x":"4"}', 'closed: end of file']);
    const rows = path('b.jsonl', '{"time":1}\n{"time":2}');
    const others = await lastValueFrom(openSource(feedOf(`file://${rows}`)).pipe(toArray()));
    expect(told(others)).toEqual(['open', '{"time":1}', '{"time":2}', 'closed: end of file']);
  });

  it('is recorded to its end without being told when', async () => {
    const out = path('f.mcap');
    const { code, stdout } = await whytick([
      'record',
      '--feed',
      'file:demo/seattle-weather.csv',
      '--out',
      out,
      '--json',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ticks: 1461, invalid: 0 });
    const piped = await whytick(
      ['record', '--feed', 'stdin:', '--out', path('p.mcap'), '--json'],
      'time,x\n1700000000,1\n1700000001,2\n',
    );
    expect(JSON.parse(piped.stdout)).toMatchObject({ ticks: 2 });
  });

  it.each([
    [
      `file:${folder}/none.csv`,
      `invalid feed.url: '${folder}/none.csv' (expected a file that can be read: there is none of that name)`,
    ],
    [`file:${folder}`, 'this is a folder'],
    [`file:${path('x.txt', 'x')}`, 'a name that ends in .csv, .ndjson or .parquet, or feed.format'],
  ])('%s is refused', (url, message) => {
    expect(() => openSource(feedOf(url))).toThrow(message);
  });
});

describe('tail:', () => {
  it('follows what is added, whole rows only; a file that was cut or replaced is a gap', async () => {
    const log = path('t.csv', 'time,x\n1,old\n');
    const events = follow(`tail:${log}`, { every: 0.02 });
    await until(() => expect(told(events)).toEqual(['connecting', 'open']));
    appendFileSync(log, '2,"a');
    appendFileSync(log, ' b"\n3,c\n4,ha');
    await until(() => expect(told(events).slice(2)).toEqual(['{"time":"2","x":"a b"}', '{"time":"3","x":"c"}']));
    appendFileSync(log, 'lf\n');
    await until(() => expect(told(events)).toHaveLength(5));
    expect(told(events)[4]).toBe('{"time":"4","x":"half"}');
    truncateSync(log, 0);
    await until(() => expect(told(events)).toHaveLength(6));
    writeFileSync(log, 'time,y\n9,z\n');
    await until(() => expect(told(events).slice(5)).toEqual(['gap: the file was cut', '{"time":"9","y":"z"}']));
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'time,y\n10,new and longer than before\n');
    await until(() => expect(told(events).slice(7).at(-1)).toBe('{"time":"10","y":"new and longer than before"}'));
    expect(told(events).slice(7).join()).toMatch(/gap: the file was replaced|closed: /);
  });

  it('waits for a file that is not there yet, and reads one from its start where it is asked to', async () => {
    const log = path('later.ndjson');
    const events = follow(`tail:${log}`, { every: 0.02, from: 'start' });
    await until(() => expect(told(events)[1]).toMatch(/^closed: ENOENT/));
    writeFileSync(log, '{"time":1}\n{"time":2}\n');
    await until(() => expect(told(events).slice(2)).toEqual(['open', '{"time":1}', '{"time":2}']));
  });
});

it('what needs the machine has joined the list', () => {
  for (const url of ['system:', 'file:x.csv', 'stdin:', 'tail:x.csv']) expect(findFeed(url)).not.toBeNull();
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyRecording } from '../../recording/memory.ts';
import { whytick } from './whytick.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-'));
const path = (name: string) => join(folder, name);
const json = async (...args: string[]) => JSON.parse((await whytick([...args, '--json'])).stdout);

let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await busyRecording();
  writeFileSync(path('whole.mcap'), bytes);
  writeFileSync(path('cut.mcap'), bytes.subarray(0, bytes.length >> 1));
  const damaged = bytes.slice();
  damaged[damaged.length >> 1]! ^= 1;
  writeFileSync(path('damaged.mcap'), damaged);
  writeFileSync(path('table.mcap'), 'time,close\n1,2\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

it('merge: a part and the whole are the whole, which verifies', async () => {
  const [part, both] = [path('part.mcap'), path('both.mcap')];
  await whytick(['slice', path('whole.mcap'), '--to', '#39', '--out', part]);
  const { ticks } = await json('info', path('whole.mcap'));
  expect(await json('merge', part, path('whole.mcap'), '--out', both)).toMatchObject({ ticks, shared: 40 });
  expect(await json('replay', both, '--verify')).toMatchObject({ equal: true, holes: 0 });
});

it('annotate puts a note into the file, which verifies as before', async () => {
  const noted = path('noted.mcap');
  writeFileSync(noted, bytes);
  const said = await json('annotate', noted, '--at', '2020-09-13T12:27:00Z', '--text', 'pump replaced');
  expect(said).toMatchObject({ file: noted, time: 1_600_000_020_000, text: 'pump replaced' });
  expect(await json('replay', noted, '--verify')).toMatchObject({ equal: true, hashEqual: true });
  expect((await json('info', noted)).channels.at(-1)).toMatchObject({ topic: 'annotation', messages: 1 });
  expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
});

describe('bad calls: exit 2, and nothing is written', () => {
  it.each([
    [['merge', path('whole.mcap'), path('table.mcap'), '--out', path('n.mcap')], "'a file that begins otherwise'"],
    [['merge', path('whole.mcap'), path('damaged.mcap'), '--out', path('n.mcap')], 'invalid damaged.mcap byte '],
    [
      ['merge', path('whole.mcap'), path('cut.mcap'), '--out', path('cut.mcap')],
      'expected a file that does not exist yet: recordings are never overwritten',
    ],
    [['merge', path('whole.mcap'), path('cut.mcap'), '--out', path('n.csv')], 'expected a name that ends in .mcap'],
    [
      ['annotate', path('whole.mcap'), '--at', '#9999', '--text', 'x'],
      "invalid --at: '#9999' (expected a place within #0",
    ],
    [['annotate', path('whole.mcap'), '--at', '#1', '--text', ' '], "invalid --text: ' '"],
    [['annotate', path('cut.mcap'), '--at', '#1', '--text', 'x'], 'expected a complete one: see recover'],
    [['annotate', path('damaged.mcap'), '--at', '#1', '--text', 'x'], 'invalid damaged.mcap byte '],
  ])('whytick %j', async (args, message) => {
    const before = readdirSync(folder);
    const { code, stdout, stderr } = await whytick(args);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(readdirSync(folder)).toEqual(before);
    expect(readFileSync(path('whole.mcap')).equals(bytes)).toBe(true);
  });
});

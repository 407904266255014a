import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRecordingFile, openRecording, openRecordingFile } from '../../src/node/recordingFile.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

describe('createRecordingFile', () => {
  it('appends, syncs and closes', async () => {
    const file = createRecordingFile(path('a.mcap'));
    file.write(Uint8Array.of(1, 2));
    await file.sync();
    file.write(Uint8Array.of(3));
    await file.close();
    await file.close();
    expect([...readFileSync(path('a.mcap'))]).toEqual([1, 2, 3]);
  });

  it('never overwrites', () => {
    writeFileSync(path('kept.mcap'), 'old');
    expect(() => createRecordingFile(path('kept.mcap'))).toThrow(
      `invalid recording: '${path('kept.mcap')}' (expected a file that does not exist yet: recordings are never overwritten)`,
    );
    expect(readFileSync(path('kept.mcap'), 'utf8')).toBe('old');
  });

  it('names a folder that is not there', () => {
    expect(() => createRecordingFile(path('none/a.mcap'))).toThrow('expected a path in a folder that exists');
  });
});

describe('openRecordingFile', () => {
  it('reads at any place', async () => {
    writeFileSync(path('bytes'), Uint8Array.of(1, 2, 3, 4, 5));
    const source = openRecordingFile(path('bytes'));
    expect(source.size).toBe(5);
    expect(await source.read(1, 3)).toEqual(Uint8Array.of(2, 3, 4));
    source.close();
  });

  it.each([
    ['none.mcap', 'a file that exists'],
    ['.', 'a file, not a folder'],
  ])('%s: %s', (name, expected) => {
    expect(() => openRecordingFile(path(name))).toThrow(`(expected ${expected})`);
  });

  it('a file of another kind is no recording', async () => {
    writeFileSync(path('table.mcap'), 'time,close\n1,2\n');
    await expect(openRecording(path('table.mcap'))).rejects.toThrow('invalid table.mcap: ');
  });
});

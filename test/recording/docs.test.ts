import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { asset } from '../../src/node/assets.ts';
import { decodeAttribution } from '../../src/recording/index.ts';
import { channels } from '../../src/recording/records.ts';
import { busyRecording, read } from './memory.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-'));
afterAll(() => rmSync(folder, { recursive: true }));
const page = readFileSync(asset('docs/recordings.md'), 'utf8');

it('docs/recordings.md has every channel, as it is', () => {
  for (const { topic, role, hashed, encoding, about } of channels) {
    const payload = encoding === 'json' ? 'JSON' : 'binary';
    expect(page).toContain(`| \`${topic}\` | ${role}${hashed ? ', hashed' : ''} | ${payload} | ${about} |`);
  }
});

it('its page of Python reads a recording, whole or cut off', async () => {
  const bytes = await busyRecording();
  const [program, file] = [join(folder, 'read.py'), join(folder, 'busy.mcap')];
  writeFileSync(program, /```python\n([\s\S]*?)```/.exec(page)![1]!);
  for (const part of [bytes, bytes.subarray(0, Math.floor(bytes.byteLength / 2))]) {
    writeFileSync(file, part);
    const { records } = await read(part);
    const lines = execFileSync(process.env.PYTHON ?? 'python3', [program, file], { encoding: 'utf8' })
      .trimEnd()
      .split('\n');
    const expected = records.flatMap(({ topic, time, sequence, data }) => {
      if (topic === 'prediction') {
        const { prediction } = JSON.parse(new TextDecoder().decode(data)) as { prediction: number };
        return [[sequence, Number(time), prediction]];
      }
      if (topic !== 'attribution') return [];
      const { values, features } = decodeAttribution(data);
      return [[sequence, ...values.slice(-features)]];
    });
    expect(expected.length).toBeGreaterThan(20);
    expect(lines.map((line) => line.split(' ').map(Number))).toEqual(expected);
  }
});

/** A long recording: how fast it proves itself, how soon a replay is at a place in it, and what its snapshots take. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, parseEngineConfig } from '../dist/engine.js';
import { writeNative } from '../dist/model/formats/index.js';
import { readKernels } from '../dist/node/assets.js';
import { createRecordingFile, openRecording } from '../dist/node/recordingFile.js';
import { wallTimers } from '../dist/node/wall.js';
import { Recorder, Replay, verify } from '../dist/recording/index.js';
import { lstmModel, median, ms, random, row } from './measure.mjs';

const TICKS = Number(process.env.TICKS ?? 1_000_000);
const [F, H, RATE] = [5, 32, 5000];
const START = 1_700_000_000_000n;

export async function benchRecording() {
  const folder = mkdtempSync(join(tmpdir(), 'whytick-bench-'));
  const path = join(folder, 'long.mcap');
  const { kernels, hash } = await readKernels();
  const spec = lstmModel(F, H);
  const config = parseEngineConfig({
    mapping: {
      ...{ time: { path: 't', format: 'ms' }, seq: { path: 'n' } },
      features: Object.fromEntries(spec.features.map((name) => [name, name])),
    },
    explain: { method: 'none' },
  });
  let now = START * 1_000_000n;
  const engine = new Engine({ kernels, spec, config, wall: () => now });
  const head = { version: 'bench', kernels: hash, config, model: writeNative(spec), time: now };
  const recorder = new Recorder({ file: createRecordingFile(path), timers: wallTimers, head });
  engine.records$.subscribe((record) => recorder.record(record));
  const encoder = new TextEncoder();
  const next = random(7);
  for (let n = 0; n < TICKS; n++) {
    now += BigInt(1e9 / RATE);
    const x = Array.from({ length: F }, () => Math.round(next() * 1e4) / 1e4);
    const values = Object.fromEntries(x.map((value, f) => [`x${f}`, value]));
    engine.message(encoder.encode(JSON.stringify({ t: Number(START) + n / 5, n, ...values })));
    if (recorder.snapshotDue) recorder.record(engine.snapshot());
  }
  engine.end();
  await recorder.end();

  const size = statSync(path).size;
  const places = await (await openRecording(path)).snapshots();
  const taken = places.length * engine.snapshot().data.byteLength;
  const from = performance.now();
  const proof = await verify(await openRecording(path), kernels, hash);
  const rate = TICKS / ((performance.now() - from) / 1000);
  const met = [
    row(
      `verify ${TICKS.toLocaleString('en')} ticks, predictions alone, H = ${H}`,
      `${Math.round(rate).toLocaleString('en')} ticks/s`,
      proof.equal ? 'equal, byte for byte' : 'NOT equal',
      `${Math.round(size / 1e6)} MB`,
      '20,000/s',
      rate >= 20_000 && proof.equal,
    ),
  ];
  const times = [];
  for (let i = 0; i < 21; i++) {
    const tick = Math.floor(((next() + 1) / 2) * (TICKS - 1));
    const began = performance.now();
    const replay = new Replay({ recording: await openRecording(path), kernels, from: { tick }, to: { tick } });
    let shown = -1;
    replay.explained$.subscribe(({ sequence }) => {
      shown = sequence;
      times.push(performance.now() - began);
    });
    await replay.run();
    if (shown !== tick) throw new Error(`tick ${shown} in place of ${tick}`);
  }
  const share = taken / size;
  met.push(
    row(
      'from opening it to a random tick in it',
      `median ${ms(median(times))}, at most ${ms(Math.max(...times))}`,
      `${places.length} snapshots`,
      `${(100 * share).toFixed(1)} % of the file`,
      '300 ms, 5 %',
      Math.max(...times) < 300 && share < 0.05,
    ),
  );
  rmSync(folder, { recursive: true });
  return met.every(Boolean);
}

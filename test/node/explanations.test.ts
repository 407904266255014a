/** The thread that answers questions about recent ticks, from the build. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Explainer } from '../../src/explainer.ts';
import type { Job } from '../../src/node/explainWorker.ts';
import { Explanations, MOST_WAITING } from '../../src/node/explanations.ts';
import { kernels, random } from '../kernels.ts';
import { randomModel } from '../models.ts';

const spec = randomModel(2, [4]);
const explainer = new Explainer(kernels, spec, { window: 5, baseline: 'zero' });
const next = random(3);
let live = { output: 0, values: [] as number[], events: [] as number[] };
for (let t = 0; t < 30; t++) {
  const { prediction, attribution } = explainer.push({
    key: '',
    time: t,
    seq: null,
    values: { x0: next(), x1: next() },
  })!;
  live = { output: prediction, values: Array.from(attribution!.values), events: Array.from(attribution!.events) };
}
const job = (changes: Partial<Job> = {}): Job => ({
  index: 29,
  question: { target: 0, ...explainer.question(29) },
  method: 'rolling-occlusion',
  options: { eps: 0 },
  target: null,
  ...changes,
});

type Said = { answer: Record<string, unknown> } | { failed: string };

let explanations: Explanations;
const start = () => {
  explanations = new Explanations({ module: kernels.module, spec, features: ['x0', 'x1'] });
  return explanations;
};
afterEach(() => explanations.close());

function ask(client: object, id: number, asked: Job = job()): Promise<Said> {
  return new Promise((resolve) => {
    explanations.ask(client, id, asked, {
      progress: () => {},
      answer: (json) => resolve({ answer: JSON.parse(json) }),
      failed: (failed) => resolve({ failed }),
    });
  });
}

describe('a question', () => {
  it('is answered with what the stream had, as `explain --json` says it', async () => {
    start();
    const said = await ask({}, 1);
    expect(said).toMatchObject({
      answer: {
        method: 'rolling-occlusion',
        mode: 'stateful',
        index: 29,
        target: 0,
        window: 5,
        features: ['x0', 'x1'],
        baseline: [0, 0],
        output: live.output,
        events: live.events,
        byFeature: null,
        options: { eps: 0 },
      },
    });
    expect((said as { answer: { values: number[][] } }).answer.values.flat()).toEqual(live.values);
  });

  it('about a model that has learnt since is answered by what it is now, and says so', async () => {
    start();
    // all weights zero: no value can do anything
    const weights = new Float32Array(4 * 4 * (2 + 4 + 1) + 4 + 1);
    const { question } = job();
    const said = await ask({}, 1, job({ question: { ...question, weights } }));
    const { answer } = said as { answer: { output: number; values: number[][]; notes: string[] } };
    expect(answer.notes).toEqual(['asked of the model as it is now: it has gone on learning since this tick']);
    expect(answer.output).toBe(0);
    expect(answer.values.flat().every((value) => value === 0)).toBe(true);
    const { answer: before } = (await ask({}, 2)) as typeof said & { answer: { output: number } };
    expect(before).toMatchObject({ output: live.output });
  });

  it('that cannot be asked is told why, and the next one is answered', async () => {
    start();
    expect(await ask({}, 1, job({ options: { eps: -1 } }))).toEqual({
      failed: 'invalid --option eps: -1 (expected a number from 0 on)',
    });
    expect(await ask({}, 2, job({ target: 'y7' }))).toEqual({
      failed: "invalid --target: 'y7' (expected argmax or one of 0 (y0))",
    });
    expect(await ask({}, 3)).toHaveProperty('answer');
  });
});

describe('the queue', () => {
  it('keeps the newest question of each client, and a bounded number in all', async () => {
    start();
    const [first, second] = [{}, {}];
    const running = ask(first, 1);
    const older = ask(first, 2);
    const newer = ask(first, 3);
    const other = ask(second, 1);
    expect(await older).toEqual({ failed: 'a newer question took its place' });
    for (const client of Array.from({ length: MOST_WAITING - 2 }, () => ({}))) void ask(client, 1);
    expect(explanations.size).toBe(MOST_WAITING + 1);
    expect(await ask({}, 1)).toEqual({ failed: `${MOST_WAITING} questions wait already: ask again later` });
    for (const each of [running, newer, other]) expect(await each).toHaveProperty('answer');
    expect(explanations.counters).toMatchObject({ refused: 1, failed: 1 });
    expect(explanations.counters.answered).toBeGreaterThanOrEqual(3);
  });

  it('takes questions back, those of one client alone', async () => {
    start();
    const [first, second, third] = [{}, {}, {}];
    const running = ask(first, 7);
    const waiting = ask(second, 7);
    const gone = ask(third, 7);
    explanations.leave(third);
    explanations.cancel(second, 7);
    explanations.cancel(second, 8);
    expect(await waiting).toEqual({ failed: 'cancelled' });
    explanations.cancel(first, 7);
    expect(await running).toEqual({ failed: 'cancelled' });
    expect(await ask(third, 8)).toHaveProperty('answer');
    expect(await Promise.race([gone, Promise.resolve('never said')])).toBe('never said');
  });

  it('says that the server stops', async () => {
    start();
    const all = [ask({}, 1), ask({}, 2)];
    await explanations.close();
    expect(await Promise.all(all)).toEqual([{ failed: 'the server stops' }, { failed: 'the server stops' }]);
  });
});

describe('a thread', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whytick-thread-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Answers as told, by the method's name. */
  const rogue = join(folder, 'rogue.mjs');
  writeFileSync(
    rogue,
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', ({ type, job }) => {
       if (type === 'cancel') return;
       if (job.method === 'ends') process.exit(3);
       if (job.method === 'throws') throw new Error('out of something');
       if (job.method === 'deaf') for (;;);
       parentPort.postMessage({ type: 'progress', done: 1, total: 2 });
       parentPort.postMessage({ type: 'answer', json: '{}' });
     });`,
  );
  const begin = () => {
    explanations = new Explanations({ module: kernels.module, spec, features: [] }, rogue);
  };

  it('that ends is said, with its reason; the next question starts another', async () => {
    begin();
    expect(await ask({}, 1, job({ method: 'ends' }))).toEqual({
      failed: 'the thread that explains ended: exit code 3',
    });
    expect(await ask({}, 2)).toEqual({ answer: {} });
    expect(await ask({}, 3, job({ method: 'throws' }))).toEqual({
      failed: 'the thread that explains ended: out of something',
    });
    expect(await ask({}, 4)).toEqual({ answer: {} });
  });

  it('that does not heed a cancellation is ended', async () => {
    begin();
    const client = {};
    const stuck = ask(client, 1, job({ method: 'deaf' }));
    const after = ask({}, 1);
    explanations.cancel(client, 1);
    expect(await stuck).toEqual({ failed: 'cancelled' });
    expect(await after).toEqual({ answer: {} });
  });

  it('that cannot be started is said', async () => {
    explanations = new Explanations({ module: kernels.module, spec, features: [] }, join(folder, 'none.mjs'));
    expect(await ask({}, 1)).toEqual({ failed: expect.stringContaining('none.mjs') });
  });

  it('tells how far it is', async () => {
    begin();
    const told = await new Promise((resolve) => {
      const progress: number[][] = [];
      const heard = {
        progress: (done: number, total: number) => progress.push([done, total]),
        answer: () => resolve(progress),
        failed: resolve,
      };
      explanations.ask({}, 1, job(), heard);
    });
    expect(told).toEqual([[1, 2]]);
  });
});

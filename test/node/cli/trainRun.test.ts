/** A run of `whytick train` that is stopped, and one that goes on with it. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type Ran, whytick } from './whytick.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'whytick-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
/** A folder of its own for each model: all have one name, which stands in the file. */
function out(): string {
  const own = join(folder, String(made++));
  mkdirSync(own);
  return join(own, 'm.safetensors');
}
const args = (model: string, ...more: string[]): string[] => [
  ...['train', 'demo/seattle-weather.csv', '--target', 'temp_max', '--columns', 'temp_max,wind,lag(temp_max, 1)'],
  ...['--out', model, '--layers', 'lstm:16', '--window', '8', ...more],
];
const train = (model: string, ...more: string[]): Promise<Ran> => whytick(args(model, ...more));
const bytes = (model: string): Buffer => readFileSync(model);

/** Runs it, and sends a signal as often as asked as soon as stderr says what matches. */
function stopped(model: string, when: RegExp, signal: NodeJS.Signals, times: number, ...more: string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['dist/node/cli/index.js', ...args(model, ...more)], { cwd: root });
    const ran: Ran = { code: null, stdout: '', stderr: '' };
    let left = times;
    child.stdout.setEncoding('utf8').on('data', (text) => (ran.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      ran.stderr += text;
      // the second one when the first has been heard
      if (left > 0 && (left === times ? when : /stopping/).test(ran.stderr)) {
        left--;
        child.kill(signal);
      }
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...ran, code }));
  });
}

describe.each([
  ['windows', []],
  ['windows in two threads', ['--workers', '2']],
  ['lanes', ['--window', 'stateful']],
])('%s', (_, more) => {
  it('six epochs are three and three more, in the bytes and in the report', async () => {
    const [whole, parts] = [out(), out()];
    const unbroken = await train(whole, '--epochs', '6', '--json', ...more);
    expect([unbroken.code, existsSync(`${whole}.training`)]).toEqual([0, true]);
    expect((await train(parts, '--epochs', '3', ...more)).code).toBe(0);
    expect(bytes(parts)).not.toEqual(bytes(whole));
    const page = join(folder, 'page.html');
    const resumed = await train(parts, '--epochs', '6', '--resume', '--report', page, '--json', ...more);
    expect(resumed.code).toBe(0);
    expect(bytes(parts)).toEqual(bytes(whole));
    expect(bytes(`${parts}.training`)).toEqual(bytes(`${whole}.training`));
    const report = ({ stdout }: Ran): object => ({ ...JSON.parse(stdout), model: '', elapsedMs: 0 });
    expect(report(resumed)).toEqual(report(unbroken));
    expect((report(resumed) as { epochs: object[] }).epochs.length).toBe(6);
    expect(resumed.stderr).toMatch(/^epoch 4: loss/m);
    expect(resumed.stderr).not.toMatch(/^epoch [1-3]: /m);
  });
});

describe('Ctrl-C', () => {
  // an epoch of these takes long enough to be stopped in its middle
  const slow = ['--layers', 'lstm:48', '--window', '32', '--epochs', '4'];
  // dry days have no logarithm: that is said right before training
  const told = [...slow, '--layers', 'lstm:256', '--columns', 'temp_max,log(precipitation)'];

  it.each([
    ['SIGINT', '1'],
    ['SIGTERM', '2'],
  ] as const)(
    '%s in an epoch keeps the best; resumed it ends as if it had not been (%s threads)',
    async (signal, n) => {
      const [whole, parts] = [out(), out()];
      expect((await train(whole, ...slow, '--workers', n)).code).toBe(0);
      const first = await stopped(parts, /^epoch 1: /m, signal, 1, ...slow, '--workers', n, '--json');
      expect(first.stderr).toMatch(
        /^stopped in epoch 2: epoch 1, the best so far, is in .*; --resume goes on from epoch 1$/m,
      );
      expect(first.code).toBe(0);
      expect(JSON.parse(first.stdout).epochs.length).toBe(1);
      expect((await whytick(['inspect', parts, '--json'])).code).toBe(0);
      expect((await train(parts, ...slow, '--workers', n, '--resume')).code).toBe(0);
      expect(bytes(parts)).toEqual(bytes(whole));
    },
  );

  it('before an epoch is done leaves nothing', async () => {
    const model = out();
    const { code, stdout, stderr } = await stopped(model, /rows were not fed/, 'SIGINT', 1, ...told);
    expect(stderr).toMatch(/^whytick: stopped before the first epoch was done: there is no model$/m);
    expect([code, stdout, existsSync(model), existsSync(`${model}.training`)]).toEqual([1, '', false, false]);
  });

  it('a second one ends it at once', async () => {
    const { code, stderr } = await stopped(out(), /^epoch 1: /m, 'SIGINT', 2, ...told);
    expect(stderr).toMatch(/^stopping; once more ends it at once$/m);
    expect(code).toBe(130);
  });
});

describe('a state', () => {
  const model = out();

  it('is removed where patience is over', async () => {
    const { code, stdout } = await train(model, '--patience', '1', '--rate', '0.1');
    expect([code, existsSync(`${model}.training`)]).toEqual([0, false]);
    expect(stdout).toMatch(/^epoch \d+ of \d+ kept \(none was better for long\)/m);
    const { stderr, code: resumed } = await train(model, '--resume');
    expect(stderr).toMatch(/^whytick: invalid --resume: .*m\.safetensors\.training.*there is none of that name/);
    expect(resumed).toBe(2);
  });

  it('is no victim of a run that was not asked to go on', async () => {
    const own = out();
    expect((await train(own, '--epochs', '1')).code).toBe(0);
    rmSync(own);
    const { stderr, code } = await train(own, '--epochs', '1');
    expect(stderr).toMatch(/m\.safetensors\.training, from which --resume goes on; --force begins anew\)/);
    expect(code).toBe(2);
    expect((await train(own, '--epochs', '1', '--force')).code).toBe(0);
  });

  it('of other options, data or threads is refused by name; so is a file that is none', async () => {
    const own = out();
    expect((await train(own, '--epochs', '1')).code).toBe(0);
    const before = bytes(own);
    for (const [more, message] of [
      [['--rate', '0.01'], /\(expected a run with --rate 0\.01: it is one with --rate 0\.005\)/],
      [['--workers', '2', '--seed', '1'], /it is one with --seed 0, --workers 1\)/],
      [['--split', '.6,.2,.2'], /a run with these DATA, --split 0\.6,0\.2,0\.2: /],
    ] as const) {
      const { stderr, code } = await train(own, '--epochs', '2', '--resume', ...more);
      expect(stderr).toMatch(message);
      expect(code).toBe(2);
    }
    writeFileSync(`${own}.training`, bytes(`${own}.training`).subarray(0, 5000));
    const cut = await train(own, '--epochs', '2', '--resume');
    expect(cut.stderr).toMatch(/^whytick: invalid .*m\.safetensors\.training .*is the file cut off\?/);
    writeFileSync(`${own}.training`, before);
    const foreign = await train(own, '--epochs', '2', '--resume');
    expect(foreign.stderr).toMatch(/\(expected the state of a training run\)/);
    expect([cut.code, foreign.code]).toEqual([2, 2]);
    expect(bytes(own)).toEqual(before);
  });

  it('that cannot be written is told once; the model is there', async () => {
    const own = out();
    // nothing can be renamed to a folder
    mkdirSync(`${own}.training`);
    const { stderr, code } = await train(own, '--epochs', '3', '--force');
    expect(stderr.match(/^invalid the state of the run: /gm)?.length).toBe(1);
    expect([code, statSync(own).isFile()]).toEqual([0, true]);
  });
});

describe('a loss that is no number', () => {
  /** So many layers in a row, each of which may multiply. */
  const wild = (layers: number): string[] => [
    ...['--layers', `lstm:8${',dense:32:relu'.repeat(layers)}`, '--rate', '1', '--window', '4', '--epochs', '50'],
  ];

  it('ends the run, which keeps the best epoch before and says where', async () => {
    const model = out();
    const { code, stderr } = await train(model, ...wild(40), '--batch', '512');
    expect(stderr).toMatch(
      /^the loss was no number at step \d+, in epoch \d+: epoch \d+, the best so far, is in .*; try a --rate below 1$/m,
    );
    expect([code, existsSync(model), existsSync(`${model}.training`)]).toEqual([0, true, false]);
  });

  it('before an epoch is done is a failure', async () => {
    const model = out();
    const { code, stderr } = await train(model, ...wild(60), '--batch', '32');
    expect(stderr).toMatch(
      /^whytick: the loss was no number at step \d+, before the first epoch was done: there is no model; a lower learning rate may help$/m,
    );
    expect([code, existsSync(model)]).toEqual([1, false]);
  });
});

it('has no more threads than windows to share', async () => {
  const { code, stderr } = await train(out(), '--workers', '33');
  expect(stderr).toMatch(/^whytick: invalid --workers: 33 \(expected at most 32, the windows or lanes of a step\)/);
  expect(code).toBe(2);
});

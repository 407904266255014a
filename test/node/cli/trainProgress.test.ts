import { afterEach, describe, expect, it } from 'vitest';
import { ENDED, ending } from '../../../src/node/cli/trainEnding.ts';
import { duration, progressLine, type Shown, TrainProgress } from '../../../src/node/cli/trainProgress.ts';
import type { Epoch } from '../../../src/training/index.ts';

const SHOWN: Shown = {
  ...{ epoch: 3, epochs: 10, step: 5, steps: 10, loss: 0.25, validation: 0.5, best: 2, left: 61_000 },
};

describe('the line', () => {
  it('says how far it is, how good, and how long it takes at most', () => {
    // two and a half of ten epochs: five of twenty places
    expect(progressLine(SHOWN, 200)).toBe(
      '[#####...............]  epoch 3/10  step 5/10  loss 0.25  validation 0.5  best in epoch 2  at most 61 s left',
    );
  });

  it('says nothing that it does not know yet', () => {
    expect(progressLine({ ...SHOWN, epoch: 1, step: 0, validation: null, best: 0, left: null }, 200)).toBe(
      `[${'.'.repeat(20)}]  epoch 1/10  step 0/10  loss 0.25`,
    );
  });

  it('is full when all is done', () => {
    expect(progressLine({ ...SHOWN, epoch: 10, step: 10 }, 200)).toContain(`[${'#'.repeat(20)}]`);
  });

  it.each([
    [
      111,
      '[#####...............]  epoch 3/10  step 5/10  loss 0.25  validation 0.5  best in epoch 2  at most 61 s left',
    ],
    [
      110,
      '[#####...............]  epoch 3/10  step 5/10  loss 0.25  validation 0.5  best in epoch 2  at most 61 s left',
    ],
    [100, '[#####...............]  epoch 3/10  loss 0.25  validation 0.5  best in epoch 2  at most 61 s left'],
    [80, 'epoch 3/10  loss 0.25  validation 0.5  best in epoch 2  at most 61 s left'],
    [60, 'epoch 3/10  loss 0.25  validation 0.5  at most 61 s left'],
    [48, 'epoch 3/10  validation 0.5  at most 61 s left'],
    [40, 'epoch 3/10  at most 61 s left'],
    [12, 'epoch 3/10'],
    [8, 'epoch 3'],
    [0, ''],
  ])('fits into %i columns', (columns, line) => {
    expect(progressLine(SHOWN, columns)).toBe(line);
    expect(line.length).toBeLessThan(Math.max(columns, 1));
  });

  it.each([
    [0, '0 s'],
    [1, '1 s'],
    [99_000, '99 s'],
    [99_001, '2 min'],
    [99 * 60_000, '99 min'],
    [100 * 60_000, '1 h 40 min'],
    [120 * 60_000, '2 h'],
  ])('%i ms are %s', (ms, text) => expect(duration(ms)).toBe(text));
});

describe('progress', () => {
  const term = process.env.TERM;
  afterEach(() => {
    if (term === undefined) delete process.env.TERM;
    else process.env.TERM = term;
  });
  const start = (isTTY: boolean, columns = 200) => {
    let time = 0;
    const written: string[] = [];
    const progress = new TrainProgress({ isTTY, columns, write: (text) => written.push(text) }, 4, () => time);
    progress.begin();
    const wait = (ms: number): void => {
      time += ms;
    };
    return { progress, written, wait };
  };
  const epoch = (number: number, best = true): Epoch => ({
    ...{ epoch: number, step: 10 * number, loss: 0.25, validation: 0.5, norm: 1, rate: 0.1, best },
  });
  const step = { epoch: 1, step: 1, steps: 10, loss: 0.25 };

  it('on a terminal is one line, drawn over ten times a second', () => {
    process.env.TERM = 'xterm';
    const { progress, written, wait } = start(true);
    progress.step(step);
    wait(50);
    progress.step({ ...step, step: 2 });
    wait(50);
    progress.step({ ...step, step: 3 });
    expect(written).toEqual([
      '\r[....................]  epoch 1/4  step 1/10  loss 0.25\x1b[K',
      '\r[#...................]  epoch 1/4  step 3/10  loss 0.25\x1b[K',
    ]);
    wait(900);
    progress.epoch(epoch(1));
    wait(500);
    progress.step({ ...step, epoch: 2, step: 5 });
    // an epoch takes a second: half of this one and two more
    expect(written[2]).toContain('validation 0.5  best in epoch 1  at most 3 s left');
    progress.note('stopping');
    progress.end();
    expect(written.slice(3)).toEqual(['\r\x1b[Kstopping\n', '\r\x1b[K']);
  });

  it.each([
    ['elsewhere', false, 'xterm'],
    ['on a terminal that draws nothing', true, 'dumb'],
  ])('%s is the first epoch, what got better every three seconds, and the last', (_, isTTY, kind) => {
    process.env.TERM = kind;
    const { progress, written, wait } = start(isTTY);
    progress.step(step);
    for (const [number, best] of [true, true, true, false, true].entries()) {
      progress.epoch(epoch(number + 1, best));
      wait(1600);
    }
    progress.epoch(epoch(6, false));
    progress.end();
    progress.end();
    expect(written).toEqual([
      'epoch 1: loss 0.25, validation 0.5, the best so far\n',
      'epoch 3: loss 0.25, validation 0.5, the best so far\n',
      'epoch 5: loss 0.25, validation 0.5, the best so far\n',
      'epoch 6: loss 0.25, validation 0.5\n',
    ]);
  });

  it('shows within ten seconds that a long epoch goes on', () => {
    const { progress, written, wait } = start(false);
    for (const n of [1, 2, 3, 4]) {
      wait(6000);
      progress.step({ ...step, step: n });
    }
    expect(written).toEqual(['epoch 1: step 2 of 10, loss 0.25\n', 'epoch 1: step 4 of 10, loss 0.25\n']);
  });
});

describe('what is said in the end', () => {
  const run = { step: 31, best: 2, epochs: { length: 3 } };

  it('of a run that was stopped', () => {
    expect(ending({ ...run, stopped: 'aborted' }, 'm', 0.1, 3)).toEqual([
      'stopped in epoch 4: epoch 2, the best so far, is in m; --resume goes on from epoch 3',
    ]);
    expect(ending({ ...run, stopped: 'aborted' }, 'm', 0.1, 0)).toEqual([
      'stopped in epoch 4: epoch 2, the best so far, is in m',
    ]);
  });

  it('of one that came to its end: nothing more than why', () => {
    expect(ending({ ...run, stopped: 'patience' }, 'm', 0.1, 3)).toEqual([]);
    expect(ENDED.patience).toBe('none was better for long');
  });
});

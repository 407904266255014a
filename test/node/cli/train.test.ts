import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readModel } from '../../../src/model/formats/index.ts';
import { whytick } from './whytick.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-train-'));
afterAll(() => rmSync(folder, { recursive: true }));
const COLUMNS = 'temp_max,temp_min,precipitation,wind,sin(dayOfYear),cos(dayOfYear)';
const train = (out: string, ...more: string[]) =>
  whytick(['train', 'demo/seattle-weather.csv', '--target', 'temp_max', '--columns', COLUMNS, '--out', out, ...more]);

describe('train', () => {
  const out = join(folder, 'weather.safetensors');

  it('makes a model that beats the one that Keras made, and says how good it is', async () => {
    const page = join(folder, 'report.html');
    const { code, stdout, stderr } = await train(out, '--layers', 'lstm:16', '--report', page, '--json');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^epoch 1: loss 0\.\d+, validation 0\.\d+, the best so far$/m);
    const report = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual([
      ...['model', 'target', 'horizon', 'features', 'rows', 'epochs', 'test', 'elapsedMs'],
      ...['kind', 'loss', 'best', 'stopped', 'season', 'quantiles', 'calibration', 'warnings'],
    ]);
    expect(report).toMatchObject({ model: out, target: 'temp_max', horizon: 1, features: COLUMNS.split(',') });
    expect(report.rows).toEqual({ train: 1006, validation: 218, test: 219 });
    expect(readFileSync(page, 'utf8')).toContain('less squared error than “as now”');
    const keras = JSON.parse(readFileSync('demo/weather.json', 'utf8'));
    expect(report.test.rmse).toBeLessThan(keras.test_rmse);
    expect(report.test.skillVsPersistence).toBeGreaterThan(0.05);
    expect(Math.abs(report.test.intervalCoverage - 0.9)).toBeLessThan(0.03);
  });

  it('which explain takes as it is', async () => {
    const asked = ['explain', 'demo/seattle-weather.csv', '--model', out, '--method', 'shapley', '--json'];
    const { code, stdout } = await whytick(asked);
    expect(code).toBe(0);
    const { features, completenessGap, output } = JSON.parse(stdout);
    expect(features).toEqual(COLUMNS.split(','));
    expect(Math.abs(completenessGap)).toBeLessThan(1e-4);
    expect(output).toBeGreaterThan(-10);
    expect(output).toBeLessThan(45);
  });

  it('says what an event is worth: beside its share, beside now, and how its probabilities hold', async () => {
    const [model, page] = [join(folder, 'warm.safetensors'), join(folder, 'warm.html')];
    const asked = ['--target', 'temp_max > 20', '--layers', 'lstm:8', '--report', page];
    const { code, stdout } = await train(model, ...asked, '--json');
    expect(code).toBe(0);
    const { kind, loss, test, season, calibration, rows } = JSON.parse(stdout);
    expect([kind, loss, season.by]).toEqual(['event', 'binary-crossentropy', 'week']);
    expect(test.auroc).toBeGreaterThan(0.9);
    expect(test.skillVsBaseRate).toBeGreaterThan(0.5);
    expect(test.skillVsPersistence).toBeGreaterThan(0);
    expect(test.rmse ** 2).toBeCloseTo(test.brier, 12);
    expect(test.intervalCoverage).toBeNull();
    expect(calibration.reduce((sum: number, { count }: { count: number }) => sum + count, 0)).toBe(rows.test);
    expect(readFileSync(page, 'utf8')).toContain('<h2>Reliability</h2>');
    const { stdout: why } = await whytick(['explain', 'demo/seattle-weather.csv', '--model', model]);
    expect(why).toMatch(/temp_max > 20 = 0\.0/);
  });

  it('prints quantiles, and what arrived below them', async () => {
    const more = ['--loss', 'quantile', '--tau', '.2,.8', '--season', '365', '--layers', 'lstm:8', '--epochs', '20'];
    const { code, stdout } = await train(join(folder, 'quantiles.safetensors'), ...more);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^than 365 ticks earlier \(--season\) +\d/m);
    expect(stdout).toMatch(/^temp_max@0\.8( +[\d.]+){2} % +80 % +[\d.]+ %$/m);
  });

  it('learns from several keys, also with a state that runs on, up to the latest of their training parts', async () => {
    const file = join(folder, 'keys.csv');
    const line = (key: string, t: number): string => `${1e6 + t},${key},${(t * t * (key === 'a' ? 7 : 5)) % 31}`;
    const lines = [...Array(400).keys()].flatMap((t) => (t < 300 ? [line('a', t), line('b', t)] : [line('a', t)]));
    writeFileSync(file, ['time,sensor,x', ...lines].join('\n'));
    const model = join(folder, 'keys.safetensors');
    const asked = ['train', file, '--key', 'sensor', '--target', 'x', '--window', 'stateful', '--epochs', '2'];
    const { code, stderr } = await whytick([...asked, '--layers', 'lstm:4', '--out', model]);
    expect(stderr).not.toMatch(/invalid/);
    expect(code).toBe(0);
    const { provenance } = readModel(readFileSync(model), model);
    expect(provenance).toMatchObject({ trainedUntil: 1000 * (1e6 + 279), validatedUntil: 1000 * (1e6 + 339) });
  });

  it.each([
    [['--tau', '.5'], /^whytick: invalid --tau: '0\.5' \(expected --loss quantile beside it\)$/m],
    [['--tau', '1.5'], /Expected shares between 0 and 1, such as \.1,\.5,\.9\./],
    [['--season', '9999'], /^whytick: invalid --season: 9999 \(expected at most 511 ticks/m],
    [['--loss', 'binary-crossentropy'], /^whytick: invalid row 1 temp_max: 10\.6 \(expected 0 or 1: an event/m],
    [['--window', '0'], /Expected a whole number from 1/],
    [['--split', '.9,.2,.1'], /^whytick: invalid --split: '0.9,0.2,0.1' \(expected three shares/],
    [['--layers', 'transformer:8'], /^whytick: invalid layer: 'transformer:8' \(expected lstm:<units>/],
    [['--columns', 'temp'], /whytick: invalid .*seattle-weather\.csv/],
    [['--target', 'lag(temp_max)'], /position 13: '\)' \(expected ", ticks"/],
    [[], /--out: .* \(expected the name of a new file, or --force to replace it\)/],
  ])('refuses %o', async (more, message) => {
    const name = more.length > 0 ? join(folder, 'other.safetensors') : out;
    const { code, stderr } = await train(name, ...more);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
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

  it.each([
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

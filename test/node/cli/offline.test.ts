import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../../golden/golden.ts';
import { whytick } from './whytick.ts';

const MARKET = ['demo/sp500-2000.csv', '--model', 'demo/market.safetensors'];

/** Runs a command that must succeed and gives its JSON. */
async function json(args: string[], input?: string) {
  const { code, stdout, stderr } = await whytick([...args, '--json'], input);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe('predict', () => {
  const columns = {
    market: 'logReturn(close), log(high/low), logReturn(volume)',
    weather: 'temp_max,temp_min,precipitation,wind,sin(dayOfYear),cos(dayOfYear)',
  };

  // Keras' own outputs at every 500th input row; the market's first input row is data row 1.
  it.each([
    ['market', 'sp500-2000', 1],
    ['weather', 'seattle-weather', 0],
  ] as const)('%s.keras over %s.csv gives Keras’ stateful outputs', async (name, data, skipped) => {
    const result = await json([
      'predict',
      `demo/${data}.csv`,
      '--model',
      `demo/${name}.keras`,
      '--columns',
      columns[name],
    ]);
    expect(Object.keys(result)).toEqual(['model', 'mode', 'outputs', 'rows']);
    expect(result).toMatchObject({ model: name, mode: 'stateful' });
    const byIndex = new Map<number, number[]>(
      result.rows.map((row: { index: number; output: number[] }) => [row.index, row.output]),
    );
    const { stateful_outputs_every_500: expected } = JSON.parse(readFileSync(`demo/${name}.json`, 'utf8'));
    for (const [row, output] of Object.entries(expected)) {
      expectClose(byIndex.get(Number(row) + skipped)!, [output as number], {}, `row ${row}`);
    }
    expect(result.rows[0].index).toBe(skipped);
  });

  it('shows states and gates of the rows asked for', async () => {
    const { rows } = await json(['predict', ...MARKET, '--at', '1,5104', '--internals', 'hidden,cell,gates']);
    expect(rows.map((row: { index: number }) => row.index)).toEqual([1, 5104]);
    expect(Object.keys(rows[1])).toEqual(['index', 'time', 'output', 'hidden', 'cell', 'gates']);
    expect(rows[1].time).toBe(Date.parse('2020-04-17T00:00:00Z'));
    expect(rows[1].hidden[0].length).toBe(48);
    expect(Object.keys(rows[1].gates)).toEqual(['i', 'f', 'g', 'o']);
    const [cell, o, hidden] = [rows[1].cell[0], rows[1].gates.o[0], rows[1].hidden[0]];
    expectClose(
      hidden,
      cell.map((c: number, k: number) => o[k] * Math.tanh(c)),
      {},
      'h = o tanh(c)',
    );
  });

  it('reads streams by key from stdin and writes one row a line', async () => {
    const day = (d: number, station: string, t: number) =>
      `{"date":"2020-01-0${d}","station":"${station}","x":${t},"y":1,"z":2}\n`;
    const input = day(1, 'a', 5) + day(1, 'b', 6) + day(2, 'a', 5) + day(2, 'b', 6);
    const args = ['predict', '-', '--model', 'demo/market.keras', '--key', 'station', '--columns', 'x,y,z', '--ndjson'];
    const { stdout, code } = await whytick(args, input);
    expect(code).toBe(0);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.map(({ index, key }) => [index, key])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'a'],
      [3, 'b'],
    ]);
    const alone = await whytick(args, day(1, 'a', 5) + day(2, 'a', 5));
    expect(
      alone.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).output),
    ).toEqual([rows[0].output, rows[2].output]);
  });

  it('windowed: lists rows from T - 1 on', async () => {
    const { mode, rows } = await json(['predict', ...MARKET, '--mode', 'windowed', '--window', '5080']);
    expect(mode).toBe('windowed');
    // Row 0 has no return: the first 5,080 rows that feed the model end at row 5,080.
    expect(rows.map((row: { index: number }) => row.index)).toEqual(Array.from({ length: 25 }, (_, i) => 5080 + i));
  });

  it('says how many rows were left out, and why', async () => {
    const input = 'x,y,z\n1,2,3\n,2,3\n1,0,3\n';
    const { stdout, stderr, code } = await whytick(
      ['predict', '-', '--model', 'demo/market.keras', '--columns', 'x,log(y),z'],
      input,
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^2 rows were not fed: /);
    expect(stdout.trim().split('\n').length).toBe(2);
  });
});

describe('explain', () => {
  it('gives the document of the contract', async () => {
    const args = [
      'explain',
      ...MARKET,
      '--method',
      'rolling-occlusion',
      '--at',
      '3000',
      '--window',
      '20',
      '--baseline',
      'mean',
    ];
    const result = await json(args);
    expect(Object.keys(result)).toEqual(
      (
        'method mode index target window features baseline output baselineOutput values events byFeature segments bySegment ' +
        'players change since counterfactual attention completenessGap standardError evaluations elapsedMs options'
      ).split(' '),
    );
    expect(result).toMatchObject({
      mode: 'stateful',
      index: 3000,
      target: 0,
      window: 20,
      byFeature: null,
      options: { eps: 0 },
    });
    expect(result.features).toEqual(['logReturn(close)', 'log(high/low)', 'logReturn(volume)']);
    expect([result.values.length, result.values[0].length, result.events.length]).toEqual([20, 3, 20]);
    // One branch for the world as observed, four more a tick of age.
    expect(result.evaluations).toBe(20 + (4 * 20 * 21) / 2);
    const forgetful = await json([...args, '--option', 'eps=1e-6']);
    expect(forgetful.options).toEqual({ eps: 1e-6 });
    expectClose(forgetful.events, result.events, { atol: 1e-6 }, 'events');
  });

  it('takes a baseline of numbers and from a file', async () => {
    const at = ['explain', ...MARKET, '--at', '4000', '--window', '2'];
    const numbers = await json([...at, '--baseline', '0,0.01,0']);
    expectClose(numbers.baseline, [0, 0.01, 0], { atol: 1e-9 });
    const file = await json([...at, '--baseline', 'test/node/cli/baseline.csv']);
    expect(file.baseline.length).toBe(2);
    expectClose(file.baseline[0], [0, 0.01, 0], { atol: 1e-9 });
    expect(file.values[0]).toEqual(numbers.values[0]);
    expect(file.values[1]).not.toEqual(numbers.values[1]);
  });
});

describe('inspect', () => {
  it('says what a model is', async () => {
    const result = await json(['inspect', 'demo/weather.safetensors']);
    expect(result).toMatchObject({
      format: 'native',
      parameters: 12 + 3 * 32 * (6 + 32 + 2) + 33,
      mode: 'stateful',
      window: null,
      target: { expression: 'temp_max', output: 0 },
      methods: { 'rolling-occlusion': true },
    });
    expect(result.layers[1]).toEqual({
      name: 'gru_0',
      kind: 'gru',
      inputs: 6,
      units: 32,
      parameters: 3840,
      inputShapes: [['ticks', 6]],
      outputShape: [32],
      from: ['normalization'],
      resetAfter: true,
      sequences: false,
    });
  });
});

describe('a call that is wrong', () => {
  it.each<[string[], RegExp]>([
    [['predict', ...MARKET, '--nonsense'], /unknown option '--nonsense'/],
    [['guess'], /unknown command 'guess'/],
    [['predict', 'demo/sp500-2000.csv'], /required option '--model <file>' not specified/],
    [['predict', ...MARKET, '--window', '0'], /Expected a whole number from 1 on/],
    [['predict', ...MARKET, '--mode', 'both'], /Allowed choices are stateful, windowed/],
    [['predict', 'none.csv', '--model', 'demo/market.keras'], /^whytick: invalid DATA: 'none\.csv' \(expected a file/],
    [['predict', 'demo/sp500-2000.csv', '--model', 'none.keras'], /^whytick: invalid --model: 'none\.keras'/],
    [
      ['predict', 'demo/sp500-2000.csv', '--model', 'demo/README.md'],
      /^whytick: invalid README\.md: '\d+ bytes of an unknown kind'/,
    ],
    [
      ['predict', 'demo/sp500-2000.csv', '--model', 'demo/market.keras'],
      /^whytick: invalid --columns: '6 \(open, high, low, close, adjclose, volume\)' \(expected 3/,
    ],
    [
      ['predict', ...MARKET, '--columns', 'a,b,c'],
      /^whytick: invalid column: 'a' \(expected one of sp500-2000\.csv's columns of numbers: open/,
    ],
    [
      ['predict', ...MARKET, '--columns', 'open,sqrt(low),high'],
      /^whytick: invalid expression "sqrt\(low\)" at position 1: 'sqrt'/,
    ],
    [
      ['predict', ...MARKET, '--at', '0'],
      /^whytick: invalid --at: '0' \(expected last, all, or a row that feeds the model, from 1 to 5104\)/,
    ],
    [
      ['predict', ...MARKET, '--mode', 'windowed', '--window', '9999'],
      /^whytick: invalid sp500-2000\.csv: '5104 rows that feed the model' \(expected at least 9999, the length/,
    ],
    [['explain', ...MARKET, '--baseline', 'demo'], /^whytick: invalid --baseline: 'demo' .* folder/],
    [['serve', '--feed', 'ws://127.0.0.1:9'], /^whytick: invalid model: nothing/],
    [['predict', ...MARKET, '--internals', 'attention'], /market has no attention/],
    [
      ['predict', ...MARKET, '--mode', 'windowed'],
      /^whytick: invalid --window: nothing \(expected a number of ticks: market fixes none\)/,
    ],
    [
      ['predict', 'demo/seattle-weather.csv', '--model', 'demo/market.keras', '--columns', 'wind,weather,wind'],
      /seattle-weather\.csv line 2, column 'weather': 'drizzle'/,
    ],
    [
      ['explain', ...MARKET, '--method', 'guess'],
      /^whytick: invalid --method: 'guess' \(expected one of ablation, .*, timeshap\)/,
    ],
    [['explain', ...MARKET, '--option', 'eps'], /^whytick: invalid --option: 'eps' \(expected name=value\)/],
    [['explain', ...MARKET, '--at', 'all'], /^whytick: invalid --at: 'all' \(expected one row\)/],
    [['explain', ...MARKET, '--baseline', 'median'], /^whytick: invalid --baseline: 'median'/],
    [
      ['explain', ...MARKET, '--target', '7'],
      /^whytick: invalid --target: '7' \(expected argmax or one of 0 \(log\(high\/low\)\)\)/,
    ],
    [['inspect', 'demo/sp500-2000.csv'], /^whytick: invalid sp500-2000\.csv: /],
  ])('whytick %j exits 2', async (args, message) => {
    const { code, stdout, stderr } = await whytick(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('shows where an error came from only with --verbose', async () => {
    const { code, stderr } = await whytick(['inspect', 'none.keras', '--verbose']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^\s+at .*ENOENT|ENOENT[\s\S]*^\s+at /m);
  });
});

describe('help', () => {
  it.each(['explain', 'inspect', 'predict'])('%s ends with an example that runs as printed', async (command) => {
    const { stdout, code } = await whytick([command, '--help']);
    expect(code).toBe(0);
    const example = stdout.trim().split('\n').at(-1)!;
    expect(example).toMatch(/^ {2}\$ whytick /);
    const ran = await whytick(example.trim().split(' ').slice(2));
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).not.toBe('');
  });
});

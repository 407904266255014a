import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { expectClose, type GoldenTensor, goldenCases, goldenTensors } from '../../golden/golden.ts';
import { changeKeras, demoFile } from '../../model/formats/models.ts';
import { whytick } from './whytick.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  index: number;
  key: string;
  output: number[];
  hidden?: (number[] | null)[];
  cell?: (number[] | null)[];
  gates?: Record<string, (number[] | null)[]>;
  attention?: number[][];
}

async function json<T>(args: string[]): Promise<T> {
  const { code, stdout, stderr } = await whytick([...args, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

/** All samples of a case in one CSV, a key each; token ids are one column. */
function csv(name: string, x: GoldenTensor): string {
  const path = join(folder, `${name}.csv`);
  if (existsSync(path)) return path;
  const [N, T, F = 1] = x.shape as [number, number, number?];
  const lines = [['sample', ...Array.from({ length: F }, (_, f) => `x${f}`)].join(',')];
  for (let n = 0; n < N; n++) for (let t = 0; t < T; t++) lines.push([`s${n}`, ...x.row(n, t)].join(','));
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

const cases = [...goldenCases('models'), ...goldenCases('black boxes')].flatMap(({ name: id, files }) =>
  files.map((file) => ({ id, file, path: `test/golden/${id}/${file}` })),
);

describe('every golden model file, from the command line', () => {
  it('there are some of every kind', () => {
    const kinds = ['model.h5', 'model.keras', 'model.onnx', 'model.pt', 'model.safetensors', 'tfjs/model.json'];
    expect([...new Set(cases.map(({ file }) => file))].sort()).toEqual(kinds);
  });

  it.concurrent.each(cases)('predict $id $file', async ({ id, path }) => {
    const tensors = goldenTensors(id);
    const [N, T] = tensors.x!.shape as [number, number];
    const data = csv(id, tensors.x!);
    const blackBox = id.startsWith('onnx-blackbox');
    const tolerance = blackBox ? { atol: 1e-5, rtol: 1e-5 } : {};
    const internals = blackBox
      ? []
      : ['--internals', tensors.attention ? 'hidden,cell,gates,attention' : 'hidden,cell,gates'];
    const ask = [
      'predict',
      data,
      '--key',
      'sample',
      '--model',
      path,
      '--window',
      String(T),
      '--mode',
      'windowed',
      ...internals,
    ];
    const { rows } = await json<{ rows: Row[] }>(ask);
    expect(rows.map(({ index }) => index)).toEqual(Array.from({ length: N }, (_, n) => (n + 1) * T - 1));
    for (const [n, row] of rows.entries()) {
      const y = tensors.y!.row(n);
      expectClose(row.output, y.subarray(y.length - row.output.length), tolerance, `y[${n}]`);
      if (blackBox) continue;
      compareInternals(tensors, row, n, T - 1);
      row.attention?.forEach((weights, head) => {
        const expected = tensors.attention!.row(n);
        expectClose(weights, expected.subarray(head * T, (head + 1) * T), {}, `attention[${n}] head ${head}`);
      });
    }
  });

  it.concurrent.each(cases.filter(({ id }) => !/blackbox|bidirectional|attention|mha/.test(id)))(
    'predict $id $file on a stream, every step',
    async ({ id, path }) => {
      const tensors = goldenTensors(id);
      const T = tensors.x!.shape[1]!;
      const data = csv(id, tensors.x!);
      const ask = [
        'predict',
        data,
        '--key',
        'sample',
        '--model',
        path,
        '--mode',
        'stateful',
        '--internals',
        'hidden,cell,gates',
      ];
      const { rows } = await json<{ rows: Row[] }>(ask);
      for (const row of rows) {
        const [n, t] = [Math.floor(row.index / T), row.index % T];
        compareInternals(tensors, row, n, t);
        if (tensors.y_steps) expectClose(row.output, tensors.y_steps.row(n, t), {}, `y_steps[${n}, ${t}]`);
        else if (tensors.y!.shape.length === 3) expectClose(row.output, tensors.y!.row(n, t), {}, `y[${n}, ${t}]`);
        else if (t === T - 1) expectClose(row.output, tensors.y!.row(n), {}, `y[${n}]`);
      }
    },
  );
});

/** Recurrent layers in the order of the model, by what the tensors call them. */
function layersOf(tensors: Record<string, GoldenTensor>): string[] {
  const names = Object.keys(tensors).flatMap((key) => (key.endsWith('.h') ? [key.slice(0, -2)] : []));
  const place = (name: string): string => name.replace('forward', 'a').replace('backward', 'b');
  return names.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

function compareInternals(tensors: Record<string, GoldenTensor>, row: Row, n: number, t: number): void {
  for (const [l, layer] of layersOf(tensors).entries()) {
    const check = (name: string, values: number[] | null | undefined): void => {
      const tensor = tensors[`${layer}.${name}`];
      if (tensor) expectClose(values!, tensor.row(n, t), {}, `${layer}.${name}[${n}, ${t}]`);
    };
    check('h', row.hidden![l]);
    check('c', row.cell?.[l]);
    for (const [gate, values] of Object.entries(row.gates ?? {})) check(gate, values[l]);
  }
}

it('one sample is one window where neither the file nor the call says how long a window is', async () => {
  const { x, y } = goldenTensors('torch-lstm-bidirectional');
  const one = csv('one-sample', { ...x!, shape: [1, ...x!.shape.slice(1)] });
  const model = 'test/golden/torch-lstm-bidirectional/model.pt';
  const { rows } = await json<{ rows: Row[] }>([
    'predict',
    one,
    '--model',
    model,
    '--columns',
    'x0,x1,x2,x3',
    '--at',
    'last',
  ]);
  expectClose(rows[0]!.output, y!.row(0), {}, 'y');
});

describe('a black box', () => {
  it.each(['tcn', 'transformer'])('%s is explained by calling it', async (kind) => {
    const id = `onnx-blackbox-${kind}`;
    const tensors = goldenTensors(id);
    const [N, T, F] = tensors.x!.shape as [number, number, number];
    const data = csv(id, tensors.x!);
    for (const at of [T - 1, N * T - 1]) {
      const n = Math.floor(at / T);
      const ask = [
        'explain',
        data,
        '--key',
        'sample',
        '--model',
        `test/golden/${id}/model.onnx`,
        '--at',
        String(at),
        '--baseline',
        'zero',
      ];
      const e = await json<{ values: number[][]; output: number; evaluations: number; mode: string }>(ask);
      expect(e).toMatchObject({ mode: 'windowed', evaluations: T * (F + 1) + 1 });
      expectClose(e.values.flat(), tensors.occlusion_cell_zero!.row(n), { atol: 2e-5, rtol: 1e-4 }, `sample ${n}`);
    }
  });

  it('says what it is, what it cannot do, and why', async () => {
    const model = 'test/golden/onnx-blackbox-tcn/model.onnx';
    const about = await json<Record<string, unknown>>(['inspect', model]);
    expect(about).toMatchObject({ format: 'onnx', mode: 'windowed', window: 32, layers: [], streams: false });
    expect(about.blackBox).toMatchObject({ reason: expect.stringMatching(/Conv|Pad/) });
    const refused = await whytick(['convert', model, join(folder, 'box.safetensors')]);
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/'a black box' \(expected a model of layers/),
    });
    const data = csv('onnx-blackbox-tcn', goldenTensors('onnx-blackbox-tcn').x!);
    const inside = await whytick(['predict', data, '--model', model, '--internals', 'hidden']);
    expect(inside).toMatchObject({ code: 2, stderr: expect.stringMatching(/a black box shows none/) });
    const served = await whytick([
      'record',
      '--feed',
      'ws://127.0.0.1:9',
      '--out',
      join(folder, 'x.mcap'),
      '--model',
      model,
      '--columns',
      'a,b,c,d,e,f',
      '--duration',
      '1',
    ]);
    expect(served).toMatchObject({ code: 2, stderr: expect.stringMatching(/a model of layers for a live stream/) });
  });
});

describe('inspect', () => {
  it('shows the wiring, the shapes, and why a model needs windows', async () => {
    const about = await json<{
      layers: { name: string; from: string[]; inputShapes: unknown; outputShape: unknown }[];
    }>(['inspect', 'test/golden/keras-attention/model.keras']);
    expect(about).toMatchObject({
      format: 'keras',
      mode: 'windowed',
      window: 18,
      streams: false,
      whyWindowed: 'its layer attention attends to the whole window',
      receptiveTicks: 18,
      parameters: 4 * 32 * (5 + 32 + 1) + 65,
    });
    expect(about.layers.find(({ name }) => name === 'attention')).toMatchObject({
      from: ['query', 'lstm'],
      inputShapes: [
        [1, 32],
        ['ticks', 32],
      ],
      outputShape: [1, 32],
    });
    const text = await whytick(['inspect', 'test/golden/keras-attention/model.keras']);
    expect(text.stdout).toMatch(/on windows only: its layer attention attends to the whole window/);
    const mode = await whytick([
      'predict',
      'demo/seattle-weather.csv',
      '--model',
      'test/golden/keras-attention/model.keras',
      '--mode',
      'stateful',
      '--columns',
      'wind,wind,wind,wind,wind',
    ]);
    expect(mode).toMatchObject({ code: 2, stderr: expect.stringMatching(/--mode: 'stateful' \(expected windowed/) });
  });

  it('takes an architecture file for a state dict', async () => {
    const path = join(folder, 'architecture.json');
    writeFileSync(
      path,
      JSON.stringify({
        layers: [
          { kind: 'lstm', prefix: 'rnn', layers: 2 },
          { kind: 'dense', prefix: 'fc', activation: 'sigmoid' },
        ],
        read: 'last',
      }),
    );
    const model = 'test/golden/torch-lstm/model.pt';
    const about = await json<{ layers: { activation?: string }[] }>(['inspect', model, '--architecture', path]);
    expect(about.layers.at(-1)!.activation).toBe('sigmoid');
    writeFileSync(path, '{"layers":[{"kind":"lstm","prefix":"other"}]}');
    expect(await whytick(['inspect', model, '--architecture', path])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/other/),
    });
  });
});

describe('convert', () => {
  it.each([
    ['keras-mha', 'model.h5'],
    ['torch-gru', 'model.pt'],
    ['torch-lstm-bidirectional', 'model.onnx'],
  ])('%s %s: what comes out gives the same bytes', async (id, file) => {
    const { x } = goldenTensors(id);
    const path = `test/golden/${id}/${file}`;
    const out = join(folder, `${id}.safetensors`);
    await json(['convert', path, out]);
    const data = csv(id, x!);
    const window = ['--mode', 'windowed', '--window', String(x!.shape[1])];
    const ask = (model: string) =>
      json<{ rows: Row[] }>(['predict', data, '--key', 'sample', '--model', model, ...window, '--internals', 'hidden']);
    expect((await ask(out)).rows).toEqual((await ask(path)).rows);
  });

  it('does not replace a file unless told to, and leaves no half of one', async () => {
    const out = join(folder, 'weather.safetensors');
    writeFileSync(out, 'mine');
    const refused = await whytick(['convert', 'demo/weather.keras', out]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/--force to replace it/) });
    expect(readFileSync(out, 'utf8')).toBe('mine');
    const { code, stdout } = await whytick(['convert', 'demo/weather.keras', out, '--force']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/4 layers from keras/);
    for (const [name, message] of [
      ['weather.h5', /a name that ends in \.safetensors/],
      ['weather.safetensors', /another file than IN/],
    ] as const) {
      const wrong = await whytick([
        'convert',
        name === 'weather.h5' ? 'demo/weather.keras' : out,
        join(folder, name),
        '--force',
      ]);
      expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    }
    const nowhere = await whytick(['convert', 'demo/weather.keras', join(folder, 'no', 'where.safetensors')]);
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringMatching(/a file that can be written/) });
  });
});

describe('files that mean harm, or nothing', () => {
  const zeros = (n: number): Uint8Array => new Uint8Array(n);
  const config = changeKeras(demoFile('weather.keras'), ({ config: c }) => {
    c.name = 'red\u001b[31m\nsecond line';
  });

  it.each<[string, () => string[], RegExp]>([
    ['a device', () => ['inspect', '/dev/zero'], /this is no regular file/],
    [
      'a configuration that unpacks to 200 MB',
      () => {
        const entries = { 'config.json': zeros(2e8), 'model.weights.h5': zeros(8) };
        writeFileSync(join(folder, 'bomb.keras'), zipSync(entries));
        return ['inspect', join(folder, 'bomb.keras')];
      },
      /invalid bomb\.keras config\.json: '200000000 bytes' \(expected at most 16777216\)/,
    ],
    [
      'an architecture for what is no state dict',
      () => {
        writeFileSync(join(folder, 'a.json'), '{"layers":[{"kind":"lstm","prefix":"x"}]}');
        return ['inspect', 'demo/weather.keras', '--architecture', join(folder, 'a.json')];
      },
      /invalid a\.json: 'an architecture for weather\.keras' \(expected none/,
    ],
  ])('%s: exit 2, in one line', async (_, args, message) => {
    const { code, stderr } = await whytick(args());
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect(code).toBe(2);
  });

  it('a name with control characters does not reach the terminal as it is', async () => {
    const path = join(folder, 'coloured.keras');
    writeFileSync(path, config);
    const { stdout } = await whytick(['inspect', path]);
    expect(stdout).toContain('red\\x1b[31m\\x0asecond line');
    expect(stdout).not.toContain('\u001b');
  });
});

describe('tokens', () => {
  it('that the vocabulary does not have are named by their row', async () => {
    const data = join(folder, 'tokens.csv');
    writeFileSync(data, 'x0\n3\n200\n1.5\n');
    const model = 'test/golden/keras-embedding-sentiment/model.h5';
    const { code, stderr } = await whytick(['predict', data, '--model', model, '--mode', 'stateful']);
    expect(stderr).toMatch(/invalid tokens\.csv row 1 token: 200 \(expected a whole number from 0 to 199/);
    expect(code).toBe(2);
  });
});

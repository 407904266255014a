/** Questions to methods: of the golden attribution cases, of fixture L, and of models made by hand. */
import {
  ask,
  type ExplainedOutput,
  findMethod,
  type Method,
  type Options,
  type Question,
} from '../../src/methods/index.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { type GoldenTensor, goldenFile, goldenModel, goldenTensors, goldenWindow } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';
import { modelOf } from '../models.ts';

/** Why is this output what it is after these ticks (K, F), were they these baselines (F, or K of them) instead? */
export function questionOf(
  spec: ModelSpec,
  ticks: readonly ArrayLike<number>[],
  baseline: ArrayLike<number> | readonly ArrayLike<number>[],
  more: Partial<Question> = {},
): Question {
  const rows = ticks.map((x) => Float32Array.from(x));
  const baselines = rows.map((_, k) => {
    const row = (baseline as ArrayLike<ArrayLike<number> | number>)[k];
    return Float32Array.from(typeof row === 'object' ? row : (baseline as ArrayLike<number>));
  });
  return {
    kernels,
    spec,
    blackBox: null,
    score: 'raw',
    targets: [0],
    windowed: false,
    start: null,
    before: [],
    ticks: rows,
    baselines: { rows: baselines, last: null },
    history: rows,
    indices: rows.map((_, k) => k),
    background: null,
    seed: 0,
    ...more,
  };
}

/** A case of `test/golden/attribution-*`. */
export interface AttributionCase {
  name: string;
  /** Number of inputs, ticks, features. */
  sizes: { N: number; T: number; F: number };
  tensors: Record<string, GoldenTensor>;
  question(n: number, baseline: 'mean' | 'zero'): Question;
}

export const attributionCases: AttributionCase[] = [
  { name: 'torch-lstm-regression', folder: 'torch-lstm', file: 'model.safetensors' },
  { name: 'keras-seed-classification', folder: 'keras-seed', file: 'model.h5' },
].map(({ name, folder, file }) => {
  const tensors = goldenTensors(`attribution-${name}`);
  const spec = goldenModel(folder, file);
  const [N, T, F] = tensors.x!.shape as [number, number, number];
  return {
    name,
    sizes: { N, T, F },
    tensors,
    question: (n, baseline) =>
      questionOf(
        spec,
        goldenWindow(tensors, n),
        baseline === 'mean' ? tensors.baseline_mean!.data : new Float32Array(F),
        { targets: [tensors.target!.data[n]!] },
      ),
  };
});

/** `test/golden/fixture-l`: its model by formula, its ticks and its figures. */
export function fixtureL(): { question: Question; figures: Record<string, number & number[][]> } {
  const figures = JSON.parse(new TextDecoder().decode(goldenFile('fixture-l', 'figures.json')));
  let n = 0;
  const next = (): number => 0.6 * Math.sin(1.7 * n++ + 0.3);
  const [F, H] = [2, 3];
  const rows = (count: number, width: number): number[][] =>
    Array.from({ length: count }, () => Array.from({ length: width }, next));
  const columns = (m: number[][]): Float32Array =>
    Float32Array.from(m[0]!.flatMap((_, column) => m.map((row) => row[column]!)));
  const [kernel, recurrent] = [columns(rows(4 * H, F)), columns(rows(4 * H, H))];
  const [input, hidden] = [rows(1, 4 * H)[0]!, rows(1, 4 * H)[0]!];
  const bias = Float32Array.from(input, (value, g) => value + hidden[g]!);
  const head = rows(1, H)[0]!;
  const spec = modelOf(F, 1, [
    { kind: 'lstm', name: 'lstm', inputs: F, units: H, sequences: false, kernel, recurrent, bias },
    {
      kind: 'dense',
      name: 'dense',
      inputs: H,
      units: 1,
      activation: 'linear',
      kernel: Float32Array.from(head),
      bias: Float32Array.of(next()),
    },
  ]);
  const ticks = Array.from({ length: 5 }, (_, t) => [Math.cos(0.9 * 2 * t + 0.2), Math.cos(0.9 * (2 * t + 1) + 0.2)]);
  return { question: questionOf(spec, ticks, [0.1, -0.2]), figures };
}

/** Captum's test model of one tick: relu(s - 10) + 3 relu(s + 1) - 1, s = x0 + x1 + x2. */
export function captumModel(): ModelSpec {
  const dense = (inputs: number, kernel: number[], bias: number[], activation: string, name: string) => ({
    kind: 'dense' as const,
    name,
    inputs,
    units: bias.length,
    activation,
    kernel: Float32Array.from(kernel),
    bias: Float32Array.from(bias),
  });
  return modelOf(3, 1, [
    dense(3, [1, 1, 1, 1, 1, 1], [-10, 1], 'relu', 'hidden'),
    dense(2, [1, 3], [-1], 'linear', 'head'),
  ]);
}

/** The question about the last K ticks of a stream. */
export function questionAt(
  spec: ModelSpec,
  stream: readonly ArrayLike<number>[],
  baseline: ArrayLike<number>,
  { K = stream.length, ...more }: Partial<Question> & { K?: number } = {},
): Question {
  const history = stream.map((x) => Float32Array.from(x));
  const before = history.slice(0, -K);
  return questionOf(spec, history.slice(-K), baseline, { before, history, indices: history.map((_, i) => i), ...more });
}

/** The answer for one target: by default the question's first. */
export async function answer(
  method: Method | string,
  question: Question,
  options: Options = {},
  target: number = question.targets[0]!,
): Promise<ExplainedOutput> {
  const asked = typeof method === 'string' ? findMethod(method) : method;
  const [first] = await ask(asked, question, String(target), { ...asked.options, ...options });
  return first!;
}

/** Questions to methods, from windows or streams, and the models that suites ask about. */
import { ask, type ExplainedOutput, findMethod, type Method, type Question } from '../../src/methods/index.ts';
import type { ModelSpec } from '../../src/model/spec.ts';
import { goldenModel, goldenTensors } from '../golden/golden.ts';
import { kernels } from '../kernels.ts';
import { modelOf } from '../models.ts';

export type Asked = Omit<Question, 'targets'>;

/** A question about the last of some ticks: a whole window from zero, or the last K of a stream. */
export function question(
  spec: ModelSpec,
  stream: readonly ArrayLike<number>[],
  baseline: ArrayLike<number>,
  { K = stream.length, windowed = false, ...more }: Partial<Asked> & { K?: number } = {},
): Asked {
  const history = stream.map((x) => Float32Array.from(x));
  const first = history.length - K;
  return {
    kernels,
    spec,
    blackBox: null,
    score: 'raw',
    windowed,
    start: null,
    before: windowed ? [] : history.slice(0, first),
    ticks: history.slice(first),
    baselines: { rows: history.slice(first).map(() => Float32Array.from(baseline)), last: null },
    history,
    indices: history.map((_, i) => i),
    background: null,
    seed: 0,
    ...more,
  };
}

/** Asks a method by its name, with its defaults where nothing else is said. */
export async function answer(
  name: string,
  asked: Asked,
  options: Record<string, number | string | boolean> = {},
  target = '0',
): Promise<ExplainedOutput> {
  const method: Method = findMethod(name);
  const [explained] = await ask(method, asked, target, { ...method.options, ...options });
  return explained!;
}

/** The attribution cases: a regression and a classification, N windows each. */
export const attributionCases = [
  { name: 'attribution-torch-lstm-regression', spec: goldenModel('torch-lstm', 'model.safetensors'), target: '0' },
  { name: 'attribution-keras-seed-classification', spec: goldenModel('keras-seed', 'model.h5'), target: 'argmax' },
].map((one) => ({ ...one, tensors: goldenTensors(one.name) }));

/** One window of a case, with the baseline that its tensors' names end in. */
export function goldenQuestion(
  { spec, tensors }: Pick<(typeof attributionCases)[number], 'spec' | 'tensors'>,
  n: number,
  baseline: 'zero' | 'mean',
): Asked {
  const T = tensors.x!.shape[1]!;
  const window = Array.from({ length: T }, (_, t) => tensors.x!.row(n, t));
  const b = baseline === 'mean' ? tensors.baseline_mean!.data : new Float32Array(spec.inputs);
  return question(spec, window, b, { windowed: true });
}

/** Fixture L of the research notes: an LSTM of three units whose parameters are a formula. PyTorch's order i, f, g, o is ours. */
export function fixtureL(): { spec: ModelSpec; x: number[][]; baseline: number[] } {
  const [D, H] = [2, 3];
  let n = 0;
  const take = (count: number): number[] => Array.from({ length: count }, () => 0.6 * Math.sin(1.7 * n++ + 0.3));
  const [W, U, b1, b2, Wo, bo] = [take(4 * H * D), take(4 * H * H), take(4 * H), take(4 * H), take(H), take(1)];
  /** (4H, I) to (I, 4H). */
  const transposed = (w: number[], I: number): Float32Array =>
    Float32Array.from({ length: w.length }, (_, at) => w[(at % (4 * H)) * I + Math.floor(at / (4 * H))]!);
  const spec = modelOf(D, 1, [
    {
      kind: 'lstm',
      name: 'lstm',
      inputs: D,
      units: H,
      sequences: false,
      kernel: transposed(W, D),
      recurrent: transposed(U, H),
      bias: Float32Array.from(b1, (value, i) => value + b2[i]!),
    },
    {
      kind: 'dense',
      name: 'dense',
      inputs: H,
      units: 1,
      activation: 'linear',
      kernel: Float32Array.from(Wo),
      bias: Float32Array.from(bo),
    },
  ]);
  const x = Array.from({ length: 5 }, (_, t) => [0, 1].map((d) => Math.cos(0.9 * (2 * t + d) + 0.2)));
  return { spec, x, baseline: [0.1, -0.2] };
}

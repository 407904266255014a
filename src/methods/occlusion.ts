import { ConfigError, invalid } from '../errors.ts';
import type { Answer, Method } from './method.ts';
import { occludeCell } from './occlude.ts';
import { runWorlds } from './worlds.ts';

/** Sliding windows of ticks x features, as in Captum's Occlusion (0.8): positions, clipping at the end, averages. */
export const occlusion: Method = {
  name: 'occlusion',
  summary:
    'a sliding window of ticks and features replaced by the baseline; a cell gets the mean over the windows that cover it',
  about: {
    family: 'perturbation',
    question: 'What would the model say now, had this block of values not been there?',
    cost: 'one branch a position, from its first tick on',
    baselines: 'all',
    caveat: 'where windows overlap, a number belongs to a block and not to a cell',
    source: 'Zeiler & Fergus 2014; Captum',
  },
  options: { window: '1x1', stride: '1x1' },
  supports: () => true,
  async explain(question, options, run): Promise<Answer[]> {
    const [K, F] = [question.ticks.length, question.spec.inputs];
    const window = parseSize(String(options.window), K, F, '--option window');
    const stride = parseSize(String(options.stride), K, F, '--option stride');
    checkCovered(window, stride, [K, F]);
    const [rows, columns] = [positions(K, window[0], stride[0]), positions(F, window[1], stride[1])];
    const boxes = rows.flatMap((r) => columns.map((c) => [r, c] as const));
    // world 0 is the observed one
    const write = (n: number, values: Float32Array): void => {
      if (n > 0) forCells(boxes[n - 1]!, F, (at) => occludeCell(question, at, values));
    };
    const worlds = await runWorlds(question, { count: 1 + boxes.length, write }, run);
    return question.targets.map((target) => {
      const sums = new Float64Array(K * F);
      const covers = new Uint32Array(K * F);
      boxes.forEach((box, i) => {
        const effect = worlds.values[target]! - worlds.values[(i + 1) * worlds.outputs + target]!;
        forCells(box, F, (at) => {
          sums[at]! += effect;
          covers[at]!++;
        });
      });
      const values = Float32Array.from(sums, (sum, at) => sum / covers[at]!);
      const events = window[1] === F ? { events: Float32Array.from({ length: K }, (_, k) => values[k * F]!) } : {};
      return { values, ...events, evaluations: worlds.evaluations };
    });
  },
};

type Span = readonly [from: number, to: number];

/** `3x2`: ticks x features; F stands for all features. @throws ConfigError beyond 1 to K and 1 to F */
function parseSize(text: string, K: number, F: number, path: string): [number, number] {
  const [, ticks, features] = /^(\d+)x(\d+|F)$/.exec(text) ?? [];
  const [a, b] = [Number(ticks), features === 'F' ? F : Number(features)];
  if (a >= 1 && a <= K && b >= 1 && b <= F) return [a, b];
  throw new ConfigError(invalid(path, text, `ticks x features, from 1x1 to ${K}x${F} (1xF for all features)`));
}

/** @throws ConfigError where a cell would be covered by no window */
function checkCovered(window: readonly number[], stride: readonly number[], length: readonly number[]): void {
  for (const [axis, w] of window.entries()) {
    if (stride[axis]! > w && w < length[axis]!)
      throw new ConfigError(invalid('--option stride', stride.join('x'), `at most the window, ${window.join('x')}`));
  }
}

/** ceil((L - w) / s) + 1 windows of w, s apart, the last of them clipped. */
function positions(L: number, w: number, s: number): Span[] {
  return Array.from({ length: Math.ceil((L - w) / s) + 1 }, (_, i) => [i * s, Math.min(i * s + w, L)] as const);
}

function forCells([[k0, k1], [f0, f1]]: readonly [Span, Span], F: number, visit: (at: number) => void): void {
  for (let k = k0; k < k1; k++) for (let f = f0; f < f1; f++) visit(k * F + f);
}

/**
 * The ARMA benchmark of tint (Enguehard 2023, after Crabbe and van der Schaar 2021): ten series of 50 ticks and 50 features,
 * each feature 2 x_t = -.5 x_{t-1} - .2 x_{t-2} - .1 x_{t-3} + 2 e_t from nothing, and a white box
 *
 *     f_t = sum over the salient features of tick t of x_{t,f}^2
 *
 * of which it is known what matters: where a cell is salient. No model is trained, so that the figures are those of the
 * methods alone. tint hands the axis of time over as its batch: every tick is a question of its own, a window of one tick.
 */
import { modelOf, question } from './ask.mjs';
import { normal, uniform } from './draws.mjs';
import { row } from './table.mjs';

export const T = 50;
export const F = 50;
export const SERIES = 10;

/**
 * What is salient, and what tint's experiments/arma/results.csv say (mean over five folds).
 * Rare features: 5 of them, over the middle half of the ticks. Rare times: 5 ticks in a row, the middle half of the features.
 */
export const settings = [
  {
    name: 'rare-feature',
    published: {
      occlusion: { aup: 1, aur: 0.1336, information: 462, entropy: 490 },
      'integrated-gradients': { aup: 1, aur: 0.1345, information: 464, entropy: 494 },
    },
    aur: 0.134,
    /** @param {() => number} next uniform @returns {(t: number, f: number) => boolean} */
    salient(next) {
      const features = Array.from({ length: F }, (_, f) => f);
      const rare = Array.from({ length: 5 }, () => features.splice(Math.floor(next() * features.length), 1)[0]);
      return (t, f) => inMiddle(t, T) && rare.includes(f);
    },
  },
  {
    name: 'rare-time',
    published: {
      occlusion: { aup: 1, aur: 0.1244, information: 441, entropy: 465 },
      'integrated-gradients': { aup: 1, aur: 0.1252, information: 443, entropy: 469 },
    },
    aur: 0.125,
    /** @param {() => number} next uniform @returns {(t: number, f: number) => boolean} */
    salient(next) {
      const first = Math.floor(next() * (T - 5));
      return (t, f) => t >= first && t < first + 5 && inMiddle(f, F);
    },
  },
];

/** From a quarter to three quarters, as tint rounds: 12 to 36 of 50. */
const inMiddle = (i, n) => i >= Math.floor(n / 4) && i < Math.floor((3 * n) / 4);

/** Whether the mean of a score is close enough to what was published. */
export function meets(setting, { name, mean }) {
  if (name === 'aup') return mean >= 0.999;
  const [figure, within] = { aur: [setting.aur, 0.02], information: [460, 80], entropy: [490, 60] }[name];
  return Math.abs(mean - figure) <= within;
}

/** What a cell holds when it is occluded: its feature's mean over the series; a gradient's path begins at zero. */
export const baselines = {
  occlusion: (rows) => Float32Array.from({ length: F }, (_, f) => rows.reduce((sum, x) => sum + x[f], 0) / T),
  'integrated-gradients': () => new Float32Array(F),
};

/**
 * One draw of a setting.
 * @param {typeof settings[number]} setting @param {number} seed @param {import('../src/kernels.ts').Kernels['math']} math
 * @returns {{series: Float32Array[][], truth: Float32Array}} series (SERIES, each T rows of F), and one mask (T F) for all
 */
export function draw(setting, seed, math) {
  const next = uniform(seed);
  const salient = setting.salient(next);
  const truth = Float32Array.from({ length: T * F }, (_, i) => Number(salient(Math.floor(i / F), i % F)));
  const noise = normal(next, math);
  const series = Array.from({ length: SERIES }, () => {
    const rows = [];
    for (let t = 0; t < T; t++) {
      const past = (lag, f) => (t < lag ? 0 : rows[t - lag][f]);
      rows.push(
        Float32Array.from({ length: F }, (_, f) => -0.25 * past(1, f) - 0.1 * past(2, f) - 0.05 * past(3, f) + noise()),
      );
    }
    return rows;
  });
  return { series, truth };
}

/**
 * The white box of one tick as layers: the input times itself, then a sum with weights 0 and 1.
 * @param {ArrayLike<number>} salient the tick's row of the mask (F)
 */
export function whiteBoxModel(salient) {
  const input = { layer: null, output: 0 };
  const weights = { kernel: Float32Array.from(salient), bias: new Float32Array(1) };
  return modelOf('arma', F, [
    { kind: 'merge', name: 'square', inputs: F, operation: 'multiply', from: [input, input] },
    { kind: 'dense', name: 'sum', inputs: F, units: 1, activation: 'linear', ...weights },
  ]);
}

/**
 * What a method says of one series, tick by tick.
 * @param {import('../src/kernels.ts').Kernels} kernels @param {import('../src/methods/method.ts').Method} method
 * @param {Float32Array[]} rows (T, each F) @param {Float32Array} truth (T F) @param {Float32Array} baseline (F)
 * @returns {Promise<Float32Array>} its attributions (T F)
 */
export async function attribute(kernels, method, rows, truth, baseline) {
  const attributions = new Float32Array(T * F);
  for (const [t, x] of rows.entries()) {
    const spec = whiteBoxModel(truth.subarray(t * F, (t + 1) * F));
    const [{ values }] = await method.explain(question(kernels, spec, [x], 1, baseline), method.options);
    attributions.set(values, t * F);
  }
  return attributions;
}

/** The scores that tint publishes. */
const SCORES = ['aup', 'aur', 'information', 'entropy'];

/**
 * Mean and standard deviation of each score over several draws.
 * @param {(rows: Float32Array[], truth: Float32Array) => Promise<ArrayLike<number>>} attributionsOf one series
 * @param {{whiteBox: typeof import('../src/trust/index.ts').whiteBox, math: import('../src/kernels.ts').Kernels['math']}} parts
 * @returns {Promise<{name: string, mean: number, deviation: number}[]>}
 */
export async function measure(setting, seeds, attributionsOf, { whiteBox, math }) {
  const draws = [];
  for (const seed of seeds) {
    const { series, truth } = draw(setting, seed, math);
    const sizes = [];
    for (const rows of series) sizes.push(Array.from(await attributionsOf(rows, truth), Math.abs));
    const masks = series.map(() => truth);
    draws.push(whiteBox(sizes, masks, math));
  }
  const meanOf = (values) => values.reduce((sum, value) => sum + value / values.length, 0);
  return SCORES.map((name) => {
    const mean = meanOf(draws.map((scores) => scores[name]));
    return { name, mean, deviation: Math.sqrt(meanOf(draws.map((scores) => (scores[name] - mean) ** 2))) };
  });
}

/** `npm run benchmark:arma`. @returns {Promise<boolean>} whether every bar is met */
export async function runArma({ kernels, findMethod, whiteBox }, print) {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);
  print(`ARMA, ${seeds.length} draws of ${SERIES} series of ${T} ticks and ${F} features; tint's figures in brackets`);
  print(row('salient', 'method', 'AUP', 'AUR', 'information', 'entropy', 'bars'));
  print(row(...Array(7).fill('---')));
  let met = true;
  for (const setting of settings) {
    for (const [name, published] of Object.entries(setting.published)) {
      const method = findMethod(name);
      const ask = (rows, truth) => attribute(kernels, method, rows, truth, baselines[name](rows));
      const scores = await measure(setting, seeds, ask, { whiteBox, math: kernels.math });
      const cells = scores.map(({ name, mean, deviation }) => {
        const digits = name.startsWith('au') ? 4 : 0;
        return `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)} (${published[name]})`;
      });
      const missed = scores.filter((score) => !meets(setting, score)).map(({ name }) => name);
      print(row(setting.name, name, ...cells, missed.length > 0 ? `missed: ${missed.join(', ')}` : 'met'));
      met &&= missed.length === 0;
    }
  }
  return met;
}

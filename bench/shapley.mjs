/** Rolling Shapley: errors against 8,000 worlds by NumPy, the price of a tick, and KernelSHAP's price of the same error. */
import { readFile } from 'node:fs/promises';
import { compileColumns } from '../dist/features/index.js';
import { ask, findMethod } from '../dist/methods/index.js';
import { RollingShapley } from '../dist/methods/rollingShapley.js';
import { readModel } from '../dist/model/formats/index.js';
import { parseSafetensors, toFloat64 } from '../dist/model/formats/safetensors.js';
import { Model } from '../dist/model/graph.js';
import { asset, readKernels } from '../dist/node/assets.js';
import { medians, ms, row } from './measure.mjs';
import { readRows } from './rows.mjs';

const K = 24;
const BRANCHES = 1000;
const SEEDS = 12;

export async function benchShapley() {
  const { kernels } = await readKernels();
  const figures = JSON.parse(await readFile(asset('test/golden/rolling-shapley/figures.json'), 'utf8'));
  let met = true;
  for (const name of ['market', 'weather', 'longmem']) {
    const trained = name !== 'longmem';
    const stream = await (trained ? demo(name, kernels) : longmem());
    const ours = errorOf(kernels, stream, figures[name], 'auto');
    met = tellError(name, ours, trained) && met;
    tellError(`${name}, by regression`, errorOf(kernels, stream, figures[name], 'regression'), false);
    if (!trained) continue;
    met = (await price(kernels, name, stream, 'auto')) && met;
    await price(kernels, name, stream, 'regression');
    met = (await againstKernelShap(kernels, name, stream, figures[name], ours)) && met;
  }
  return met;
}

async function demo(name, kernels) {
  const spec = readModel(await readFile(asset(`demo/${name}.safetensors`)), name);
  const columns = compileColumns(spec.features, kernels.math);
  const x = [];
  for (const { values, time } of await readRows(name)) {
    const input = columns.push(values, time);
    if (input) x.push(Float32Array.from(input));
  }
  return { spec, x, baseline: spec.mean };
}

/** Two untrained layers that forget slowly and whose ticks work together strongly: what is hard. */
async function longmem() {
  const file = (name) => readFile(asset(`test/golden/stateful-rolling-lstm-longmem/${name}.safetensors`));
  const spec = readModel(await file('model'), 'longmem');
  const { tensors } = parseSafetensors(await file('tensors'), 'longmem');
  const all = Float32Array.from(toFloat64(tensors.get('x')));
  const F = spec.inputs;
  const x = Array.from({ length: all.length / F }, (_, t) => all.subarray(t * F, (t + 1) * F));
  return { spec, x, baseline: Float32Array.from(toFloat64(tensors.get('baseline'))) };
}

const bankOf = (kernels, spec, estimator, seed = 1) =>
  new RollingShapley(kernels, spec, { window: K, players: 'ticks', branches: BRANCHES, estimator, target: 0, seed });

/** Root mean square of the error, relative to the largest value, and how often two standard errors cover it. */
function errorOf(kernels, { spec, x, baseline }, figures, estimator) {
  let [sum, covered, count, stepped] = [0, 0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const bank = bankOf(kernels, spec, estimator, seed);
    let t = 0;
    for (const { tick, values } of figures) {
      for (; t <= tick; t++) bank.push(x[t], baseline, t === tick);
      const largest = Math.max(...values.map(Math.abs));
      for (const [k, value] of values.entries()) {
        const error = bank.values[k] - value;
        sum += (error / largest) ** 2;
        if (Math.abs(error) <= 2 * bank.standardErrors[k]) covered++;
        count++;
      }
    }
    stepped = bank.stepped;
  }
  return { error: Math.sqrt(sum / count), coverage: covered / count, stepped };
}

function tellError(name, { error, coverage, stepped }, trained) {
  const percent = (value, digits) => `${(100 * value).toFixed(digits)} %`;
  const covers = coverage >= 0.9 && coverage <= 0.999;
  return row(
    `Shapley values of ${K} ticks, ${name}, ${stepped} branches`,
    `error ${percent(error, 2)}`,
    '8,000 worlds by NumPy',
    `2 errors cover ${percent(coverage, 1)}`,
    trained ? '1 %, 90-99.9' : '90-99.9 %',
    covers && (!trained || error < 0.01),
  );
}

/** A tick against one plain step of as many branches on the same inputs. */
async function price(kernels, name, { spec, x, baseline }, estimator) {
  const bank = bankOf(kernels, spec, estimator);
  let t = 0;
  for (; t < 100; t++) bank.push(x[t], baseline);
  const n = bank.stepped;
  const model = new Model(kernels, spec, { branches: n, inputRows: 2 });
  model.input.set(bank.model.input);
  model.slots.set(bank.model.slots);
  model.inputRow.set(bank.model.inputRow);
  const [ours, theirs] = await medians([() => bank.push(x[t++], baseline), () => model.step(n, 2)], {
    warm: 50,
    runs: 1000,
  });
  return row(
    `a tick of them, ${name}, by ${bank.estimator}`,
    ms(ours),
    `one step of ${n} branches ${ms(theirs)}`,
    `${(ours / theirs).toFixed(2)} times`,
    estimator === 'auto' ? '1.3 times' : '',
    estimator === 'auto' ? ours / theirs <= 1.3 : undefined,
  );
}

/**
 * Cell steps for the same error. KernelSHAP runs a window again for every coalition, and takes what lies before it as observed:
 * of windows of 24 ticks that alone is an error several times ours, so it is given 48. Errors fall as the root of the steps.
 * In its own game, whose past is never absent, it errs less: that is the last row.
 */
async function againstKernelShap(kernels, name, stream, figures, { error, stepped }) {
  const shares = (W, tick, seed, coalitions = 2 * W + 2048) => kernelShap(kernels, stream, W, tick, seed, coalitions);
  const steps = (W) => (2 * W + 2048) * W;
  const worse = ({ steps, theirs }) => steps / (stepped * (error / theirs) ** 2);
  const short = await meanError(figures, ({ tick }, seed) => shares(K, tick, seed));
  const long = await meanError(figures, ({ tick }, seed) => shares(2 * K, tick, seed));
  const own = [];
  for (const { tick } of figures) {
    const many = [await shares(K, tick, 101, 80_000), await shares(K, tick, 102, 80_000)];
    own.push({ tick, values: Array.from(many[0], (value, k) => (value + many[1][k]) / 2) });
  }
  const apart = await meanError(own, ({ tick }, seed) => shares(K, tick, seed));
  const percent = (value) => `${(100 * value).toFixed(2)} %`;
  const tell = (what, W, theirs, bar) => {
    const ratio = worse({ steps: steps(W), theirs });
    return row(
      `${what}, ${name}`,
      `${stepped} for ${percent(error)}`,
      `kernel-shap ${steps(W)} for ${percent(theirs)}`,
      `${ratio.toFixed(0)} times fewer`,
      bar ? `${bar} times` : '',
      bar ? ratio >= bar : undefined,
    );
  };
  const met = tell('cell steps for the same error, windows of 48 ticks', 2 * K, long, 30);
  tell('windows of 24 ticks', K, short);
  tell('windows of 24 ticks, and a past that is never absent', K, apart);
  return met;
}

/** KernelSHAP's shares of the last 24 ticks, of the W that end with this one. */
async function kernelShap(kernels, { spec, x, baseline }, W, tick, seed, coalitions) {
  const history = x.slice(0, tick + 1);
  const question = {
    ...{ kernels, spec, blackBox: null, score: 'raw', windowed: false, start: null, background: null, seed },
    ...{ history, before: history.slice(0, -W), ticks: history.slice(-W), indices: history.map((_, i) => i) },
    baselines: { rows: Array.from({ length: W }, () => baseline), last: null },
  };
  const [{ events }] = await ask(findMethod('kernel-shap'), question, '0', { players: 'ticks', coalitions });
  return events.subarray(W - K);
}

/** Root mean square over ticks and seeds, relative to the largest value of each tick. */
async function meanError(figures, estimate) {
  let [sum, count] = [0, 0];
  for (const figure of figures) {
    const largest = Math.max(...figure.values.map(Math.abs));
    for (let seed = 1; seed <= 6; seed++) {
      for (const [k, value] of (await estimate(figure, seed)).entries()) {
        sum += ((value - figure.values[k]) / largest) ** 2;
        count++;
      }
    }
  }
  return Math.sqrt(sum / count);
}

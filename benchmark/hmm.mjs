/**
 * tint's "State": a hidden state says which of two features the label listens to, at every tick. A GRU learns the labels; a
 * method is scored by whether it names that feature. Generated as tint/datasets/hmm.py does (ebef736).
 */
import { normal, uniform } from './draws.mjs';
import { row } from './table.mjs';

/** Ticks of a series, features, and series to learn from and to score on. */
export const [T, F, TRAIN, TEST] = [200, 3, 800, 200];
const MEANS = [
  [0.1, 1.6, 0.5],
  [-0.1, -0.4, -1.5],
];
const [VARIANCE, COVARIANCE] = [0.801, 0.01];

/** The feature that the label listens to in a state. @param {number} state */
export const salient = (state) => 1 + state;

/**
 * One series: values (T F), states and labels (T).
 * @param {() => number} next uniform on [0, 1) @param {{log(x: number): number, cos(x: number): number, exp(x: number): number}} math
 */
export function draw(next, math) {
  const gaussian = normal(next, math);
  const values = new Float32Array(T * F);
  const [states, labels] = [new Uint8Array(T), new Uint8Array(T)];
  let state = next() < 0.5 ? 1 : 0;
  let since = 0;
  for (let t = 0; t < T; t++) {
    if (t > 0) {
      const stay = Math.max(0.8, 0.95 - since / 500);
      const later = next() < (state === 1 ? stay : 0.05) ? 1 : 0;
      since = later === state ? since + 1 : 0;
      state = later;
    }
    const own = salient(state);
    const first = Math.sqrt(VARIANCE) * gaussian();
    for (let f = 0; f < F; f++) {
      // feature 0 and the one that counts have a covariance
      const shared = f === own ? (COVARIANCE / VARIANCE) * first : 0;
      const left = f === own ? VARIANCE - (COVARIANCE * COVARIANCE) / VARIANCE : VARIANCE;
      values[t * F + f] = MEANS[state][f] + (f === 0 ? first : shared + Math.sqrt(left) * gaussian());
    }
    states[t] = state;
    labels[t] = next() < 1 / (1 + math.exp(-2 * values[t * F + own])) ? 1 : 0;
  }
  return { values, states, labels };
}

/** What tint publishes for temporal occlusion, means of five folds. */
const PUBLISHED = { aup: 0.866, auroc: 0.87, auprc: 0.817 };
const BARS = { aup: 0.85, auroc: 0.84, auprc: 0.78 };
const MODEL_BAR = 0.95;

/** `npm run benchmark:hmm`. @returns {Promise<boolean>} whether every bar is met */
export async function runHmm({ kernels, findMethod, whiteBox, separation, Trainer, initialise, Model }, print) {
  const { math } = kernels;
  const next = uniform(42);
  const series = Array.from({ length: TRAIN + TEST }, () => draw(next, math));
  const [train, test] = [series.slice(0, TRAIN), series.slice(TRAIN)];
  const spec = await learn({ kernels, Trainer, initialise }, train, print);
  const said = test.map(({ values }) => predict(new Model(kernels, spec, { score: 'logit' }), values));
  const { auroc } = separation(
    said,
    test.map(({ labels }) => Float32Array.from(labels)),
  );
  print(`the model tells the labels of ${TEST} series with an AUROC of ${auroc.toFixed(4)} (bar ${MODEL_BAR})`);

  const truth = test.map(({ states }) =>
    Float32Array.from({ length: T * F }, (_, i) => Number(i % F === salient(states[Math.floor(i / F)]))),
  );
  const rows = meanByTick(train);
  const method = findMethod('temporal-occlusion');
  const attributions = [];
  for (const { values } of test) {
    const [answer] = await method.explain(questionOf(kernels, spec, values, rows), method.options);
    attributions.push(Array.from(answer.values, Math.abs));
  }
  const chance = truth.map((cells) => Array.from(cells, () => next()));
  print(`\ntint's figures in brackets`);
  print(row('attributions', 'AUP', 'AUROC', 'AUPRC', 'bars'));
  print(row(...Array(5).fill('---')));
  const scores = whiteBox(attributions, truth, math);
  const names = Object.keys(BARS);
  const met = names.every((name) => scores[name] >= BARS[name]);
  print(
    row(
      'temporal-occlusion',
      ...names.map((name) => `${scores[name].toFixed(3)} (${PUBLISHED[name]})`),
      met ? 'met' : 'missed',
    ),
  );
  const random = whiteBox(chance, truth, math);
  const even = Math.abs(random.auroc - 0.5) < 0.01 && Math.abs(random.aup - 1 / 3) < 0.01;
  print(row('random', ...names.map((name) => random[name].toFixed(3)), even ? 'met' : 'missed'));
  return auroc >= MODEL_BAR && met && even;
}

/** A GRU of 200 units, its state carried through series that follow each other in lanes. */
async function learn({ kernels, Trainer, initialise }, train, print) {
  const fresh = initialise(
    kernels.math,
    { outputs: ['label'], activation: 'sigmoid', layers: 'gru:200', inputs: F, seed: 1 },
    { name: 'state' },
  );
  const values = new Float32Array(TRAIN * T * F);
  const targets = new Float32Array(TRAIN * T);
  train.forEach((one, i) => {
    values.set(one.values, i * T * F);
    targets.set(one.labels, i * T);
  });
  const all = TRAIN * T;
  const held = 0.85 * all;
  const trainer = new Trainer(
    kernels,
    fresh,
    { values, inputs: F, targets, width: 1 },
    {
      ticks: 50,
      train: { from: 0, to: held },
      validation: { from: held, to: all },
      loss: { kind: 'binary-crossentropy' },
      optimizer: { rate: 1e-3, clip: 1 },
      batch: 64,
      epochs: 12,
      patience: 3,
      seed: 1,
    },
  );
  const { spec, epoch } = await trainer.run((one) =>
    print(`epoch ${one.epoch}: loss ${one.loss.toFixed(4)}, validation ${one.validation.toFixed(4)}`),
  );
  print(`kept: epoch ${epoch}`);
  return spec;
}

function predict(model, values) {
  return Float32Array.from({ length: T }, (_, t) => model.stepOne(values.subarray(t * F, (t + 1) * F))[0]);
}

/** Mean of the series that are learnt from, at each tick: what an occluded cell holds. */
function meanByTick(train) {
  return Array.from({ length: T }, (_, t) =>
    Float32Array.from({ length: F }, (_, f) => train.reduce((sum, { values }) => sum + values[t * F + f], 0) / TRAIN),
  );
}

function questionOf(kernels, spec, values, rows) {
  const ticks = rows.map((_, t) => values.slice(t * F, (t + 1) * F));
  return {
    ...{ kernels, spec, blackBox: null, score: 'logit', targets: [0], windowed: false, start: null, before: [], ticks },
    ...{ baselines: { rows, last: null }, history: ticks, indices: ticks.map((_, t) => t), background: null, seed: 0 },
  };
}

/** From rows to a model that says how good it is. */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import type { LayerSpec, ModelSpec } from '../model/spec.ts';
import { predict } from '../offline/predict.ts';
import { drift, type Forecast, meanSquare, persistence, ridge } from './baselines.ts';
import { Conformal } from './conformal.ts';
import { type Dataset, ticksOf } from './dataset.ts';
import { initialise } from './initialise.ts';
import type { Epoch, TrainerState } from './state.ts';
import { type Trained, Trainer, type TrainerOptions } from './trainer.ts';

export interface FitOptions
  extends Pick<
    TrainerOptions,
    'loss' | 'optimizer' | 'batch' | 'epochs' | 'patience' | 'seed' | 'resume' | 'shares' | 'crew' | 'watch'
  > {
  name: string;
  columns: readonly string[];
  target: string;
  horizon: number;
  /** T of a windowed model; null: stateful. */
  window: number | null;
  layers: string;
}

export interface Report {
  rows: { train: number; validation: number; test: number };
  epochs: { loss: number; validationLoss: number | null }[];
  /** The epoch whose weights were kept, why training ended, and at which step. */
  best: number;
  stopped: Trained['stopped'];
  step: number;
  /** In the units of the target. Skill is 1 - MSE / MSE of the other. */
  test: {
    rmse: number;
    mae: number;
    skillVsPersistence: number;
    skillVsDrift: number;
    skillVsLinear: number;
    /** Of the adaptive interval that should hold 90 %. */
    intervalCoverage: number;
  };
  warnings: string[];
  /** The test part, tick by tick: what was said, what arrived then, and half the adaptive interval; Infinity: none yet. */
  said: { time: number; said: number; arrived: number; halfWidth: number }[];
  /** Share of test values within the quantile of the validation part's absolute errors, by the share that it should be. */
  calibration: { nominal: number; realised: number }[];
}

/** Shares at which calibration is measured. */
const NOMINAL = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

/** Ticks through which gradients are carried back where states are carried on, and segments of a lane at least. */
const SEGMENT = 32;
const SEGMENTS = 8;
/** Ticks that a finished model steps before others get their turn. */
const TURN = 1024;
/** Ticks that the linear model sees beside a stateful one. */
const LINEAR_TICKS = 16;

/**
 * Trains a model on a dataset and measures it on the part that it has not seen.
 * @param tell after each epoch @param signal ends it; the best weights so far are kept
 * @returns a native model that takes the features in their own units and says the target in its own, and its report
 * @throws ConfigError, DataError for what does not fit, Error where it ended before an epoch was done
 */
export async function fitModel(
  kernels: Kernels,
  dataset: Dataset,
  options: FitOptions,
  tell: (epoch: Epoch, state: TrainerState) => void = () => {},
  signal?: AbortSignal,
): Promise<{ spec: ModelSpec; report: Report }> {
  const { columns, target, horizon, window, layers, name, seed = 0 } = options;
  const { mean, deviation } = dataset.target;
  const fresh = initialise(
    kernels.math,
    { outputs: [target], layers, inputs: dataset.inputs, statistics: dataset, seed },
    {
      name,
      features: [...columns],
      target: { expression: target, output: 0 },
      horizon,
      mode: window ? 'windowed' : 'stateful',
      window,
    },
  );
  const data = {
    values: dataset.values,
    inputs: dataset.inputs,
    targets: Float32Array.from(dataset.targets, (y) => (y - mean) / deviation),
    width: 1,
  };
  const trainer = new Trainer(kernels, fresh, data, {
    ...options,
    ...feeds(dataset, horizon, window, options.batch ?? 32),
  });
  const trained = await trainer.run(tell, signal);
  if (trained.epoch === 0) throw new Error(whyNothing(trained));
  const spec = inUnits(trained.spec, mean, deviation, dataset);
  const said = await saidBy(kernels, spec, dataset, window);
  const report = measured(dataset, options, (t) => said[t]!);
  const epochs = trained.epochs.map(({ loss, validation }) => ({ loss, validationLoss: validation }));
  const { epoch: best, stopped, step } = trained;
  return { spec, report: { ...report, epochs, best, stopped, step } };
}

function whyNothing({ stopped, step }: Trained): string {
  const when = 'before the first epoch was done: there is no model';
  if (stopped !== 'diverged') return `stopped ${when}`;
  return `the loss was no number at step ${step}, ${when}; a lower learning rate may help`;
}

/** What is learnt from and what only measures: windows, or a stretch through which states are carried. */
function feeds(
  dataset: Dataset,
  horizon: number,
  window: number | null,
  batch: number,
): Pick<TrainerOptions, 'batch' | 'ticks' | 'train' | 'validation'> {
  if (window !== null) {
    const part = (which: 'train' | 'validation'): number[] => ticksOf(dataset, which, horizon, window - 1);
    return { ticks: window, batch, train: part('train'), validation: part('validation') };
  }
  const [stretch, ...others] = dataset.stretches;
  if (!stretch || others.length > 0) {
    const keys = dataset.stretches.map(({ key }) => key).join(', ');
    throw new ConfigError(
      invalid('--window', 'stateful', `a number of ticks: a state runs on through one key, not ${keys}`),
    );
  }
  const { from, validation, test } = stretch;
  // the first ticks of a target that is a change have no value yet
  let first = from;
  while (first < validation && !Number.isFinite(dataset.targets[first])) first++;
  const end = validation - horizon;
  // few lanes of a short series: each step learns from one segment of all of them
  const lanes = Math.max(1, Math.min(batch, Math.floor((end - first) / (SEGMENT * SEGMENTS))));
  return {
    ticks: SEGMENT,
    batch: lanes,
    train: { from: first, to: end },
    validation: { from: validation, to: test - horizon },
  };
}

/** The model with its output in the target's units. */
function inUnits(spec: ModelSpec, mean: number, deviation: number, { mean: inputs }: Dataset): ModelSpec {
  const units: LayerSpec = {
    kind: 'rescaling',
    name: 'units',
    inputs: 1,
    scale: Float32Array.of(deviation),
    offset: Float32Array.of(mean),
  };
  return { ...spec, layers: [...spec.layers, units], mean: inputs };
}

/** What a model says at every tick (T): NaN where a window is not complete. */
async function saidBy(
  kernels: Kernels,
  spec: ModelSpec,
  dataset: Dataset,
  window: number | null,
): Promise<Float64Array> {
  const F = dataset.inputs;
  const said = new Float64Array(dataset.targets.length).fill(Number.NaN);
  const mode = window ? 'windowed' : 'stateful';
  const every = Math.ceil(TURN / (window ?? 1));
  for (const { key, from, to } of dataset.stretches) {
    const ticks = Array.from({ length: to - from }, (_, i) => ({
      row: { ...dataset.rows[from + i]!, index: from + i },
      x: dataset.values.subarray((from + i) * F, (from + i + 1) * F),
    }));
    for await (const { tick, output } of predict(kernels, spec, [{ key, ticks }], { mode, window, rows: null })) {
      said[tick.row.index] = output[0]!;
      if (tick.row.index % every === 0) await new Promise((done) => setTimeout(done));
    }
  }
  return said;
}

function measured(
  dataset: Dataset,
  { target, horizon, window }: FitOptions,
  model: Forecast,
): Omit<Report, 'epochs' | 'best' | 'stopped' | 'step'> {
  const before = (window ?? LINEAR_TICKS) - 1;
  const part = (which: 'train' | 'validation' | 'test'): number[] => ticksOf(dataset, which, horizon, before);
  const test = part('test');
  const mse = meanSquare(dataset, test, model);
  const skill = (other: Forecast): number => 1 - mse / meanSquare(dataset, test, other);
  const skillVsPersistence = skill(persistence(dataset, target));
  const error = (t: number): number => model(t) - dataset.targets[t]!;
  const conformal = new Conformal();
  for (const t of part('validation')) conformal.update(error(t));
  const said = test.map((t) => {
    const { halfWidth } = conformal;
    conformal.update(error(t));
    return { time: dataset.rows[t + horizon]!.time, said: model(t), arrived: dataset.targets[t]!, halfWidth };
  });
  const held = said.filter((one) => Math.abs(one.said - one.arrived) <= one.halfWidth).length;
  const errors = part('validation')
    .map((t) => Math.abs(error(t)))
    .sort((a, b) => a - b);
  const calibration = NOMINAL.map((nominal) => {
    const width = errors[Math.min(errors.length, Math.ceil((errors.length + 1) * nominal)) - 1]!;
    return { nominal, realised: test.filter((t) => Math.abs(error(t)) <= width).length / test.length };
  });
  const warnings = [...dataset.warnings];
  if (!(skillVsPersistence > 0))
    warnings.push('The model does not beat persistence on the test part: "as now" is the better forecast.');
  return {
    rows: { train: part('train').length, validation: part('validation').length, test: test.length },
    test: {
      rmse: Math.sqrt(mse),
      mae: test.reduce((sum, t) => sum + Math.abs(error(t)), 0) / test.length,
      skillVsPersistence,
      skillVsDrift: skill(drift(dataset, target, horizon)),
      skillVsLinear: skill(ridge(dataset, horizon, before + 1)),
      intervalCoverage: held / test.length,
    },
    warnings,
    said,
    calibration,
  };
}

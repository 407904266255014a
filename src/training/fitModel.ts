/** From rows to a model that says how good it is. */
import type { Kernels } from '../kernels.ts';
import type { LayerSpec, ModelSpec } from '../model/spec.ts';
import { predict } from '../offline/predict.ts';
import type { Dataset } from './dataset.ts';
import { goalOf } from './goal.ts';
import { initialise } from './initialise.ts';
import { lanesIn, piecesOf, SEGMENT } from './lanes.ts';
import type { LossOptions } from './loss.ts';
import { measure, type Report } from './report.ts';
import { checkSeason } from './season.ts';
import { ticksOf } from './series.ts';
import type { Epoch, TrainerState } from './state.ts';
import { type Trained, Trainer, type TrainerOptions } from './trainer.ts';

export interface FitOptions
  extends Pick<
    TrainerOptions,
    'optimizer' | 'batch' | 'epochs' | 'patience' | 'seed' | 'resume' | 'shares' | 'crew' | 'watch'
  > {
  name: string;
  columns: readonly string[];
  target: string;
  horizon: number;
  /** T of a windowed model; null: stateful. */
  window: number | null;
  layers: string;
  /** Default: binary cross-entropy where the target is an event (a comparison, `is(x, value)`), else the squared error. */
  loss?: LossOptions;
  /** Ticks after which the target repeats itself, for the report; default: looked for. */
  season?: number | null;
  /** Whether the rows have real times; default false. */
  timed?: boolean;
}

/** Errors that go with the model. */
const KEPT = 500;
/** Ticks that a finished model steps before others get their turn. */
const TURN = 1024;
/** Ticks that the linear model sees beside a stateful one. */
const LINEAR_TICKS = 16;

/**
 * Trains a model on a dataset and measures it on the part that it has not seen.
 * @param tell after each epoch @param signal ends it; the best weights so far are kept
 * @returns a native model that takes the features in their own units and says in the target's own what it is to say of it
 *   (`Goal`), and its report
 * @throws ConfigError, DataError for what does not fit, Error where it ended before an epoch was done
 */
export async function fitModel(
  kernels: Kernels,
  dataset: Dataset,
  options: FitOptions,
  tell: (epoch: Epoch, state: TrainerState) => void = () => {},
  signal?: AbortSignal,
): Promise<{ spec: ModelSpec; report: Report }> {
  const { columns, target, horizon, window, layers, name, seed = 0, season = null, timed = false } = options;
  checkSeason(dataset, season);
  const goal = goalOf(dataset, target, horizon, options.loss);
  const { outputs, activation } = goal;
  const fresh = initialise(
    kernels.math,
    { outputs, activation, layers, inputs: dataset.inputs, statistics: dataset, seed },
    {
      name,
      features: [...columns],
      target: goal.target,
      horizon,
      mode: window ? 'windowed' : 'stateful',
      window,
    },
  );
  // probabilities are what they are; values are learnt in their own deviations
  const scaled = goal.activation === 'linear';
  const { mean, deviation } = scaled ? dataset.target : { mean: 0, deviation: 1 };
  const data = {
    values: dataset.values,
    inputs: dataset.inputs,
    targets: Float32Array.from(dataset.targets, (y) => (y - mean) / deviation),
    width: 1,
  };
  const trainer = new Trainer(kernels, fresh, data, {
    ...{ ...options, loss: goal.loss },
    ...feeds(dataset, horizon, window, options.batch ?? 32),
  });
  const trained = await trainer.run(tell, signal);
  if (trained.epoch === 0) throw new Error(whyNothing(trained));
  const learnt = { ...trained.spec, mean: dataset.mean };
  const spec = scaled ? inUnits(learnt, mean, deviation) : learnt;
  const model = await saidBy(kernels, spec, dataset, window);
  const ticks = window ?? LINEAR_TICKS;
  const report = measure(kernels.math, { dataset, goal, target, horizon, window: ticks, season, timed, model });
  const epochs = trained.epochs.map(({ loss, validation }) => ({ loss, validationLoss: validation }));
  const errors = report.errors.length > 0 ? report.errors.slice(-KEPT) : null;
  const { epoch: best, stopped, step } = trained;
  return { spec: { ...spec, errors }, report: { ...report, epochs, best, stopped, step } };
}

function whyNothing({ stopped, step }: Trained): string {
  const when = 'before the first epoch was done: there is no model';
  if (stopped !== 'diverged') return `stopped ${when}`;
  return `the loss was no number at step ${step}, ${when}; a lower learning rate may help`;
}

/** What is learnt from and what only measures: windows, or pieces of every key through which states are carried. */
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
  const train = piecesOf(dataset, 'train', horizon);
  const validation = piecesOf(dataset, 'validation', horizon);
  return { ticks: SEGMENT, batch: lanesIn(train, batch), train: { pieces: train }, validation: { pieces: validation } };
}

/** The model with its outputs in the target's units. */
function inUnits(spec: ModelSpec, mean: number, deviation: number): ModelSpec {
  const O = spec.outputs.length;
  const units: LayerSpec = {
    kind: 'rescaling',
    name: 'units',
    inputs: O,
    scale: new Float32Array(O).fill(deviation),
    offset: new Float32Array(O).fill(mean),
  };
  return { ...spec, layers: [...spec.layers, units] };
}

/** What a model says at every tick (O): nothing (NaN) where a window is not complete. */
async function saidBy(
  kernels: Kernels,
  spec: ModelSpec,
  dataset: Dataset,
  window: number | null,
): Promise<(t: number) => Float32Array> {
  const [F, O] = [dataset.inputs, spec.outputs.length];
  const said = new Float32Array(dataset.targets.length * O).fill(Number.NaN);
  const mode = window ? 'windowed' : 'stateful';
  const every = Math.ceil(TURN / (window ?? 1));
  for (const { key, from, to } of dataset.series) {
    const ticks = Array.from({ length: to - from }, (_, i) => ({
      row: { ...dataset.rows[from + i]!, index: from + i },
      x: dataset.values.subarray((from + i) * F, (from + i + 1) * F),
    }));
    for await (const { tick, output } of predict(kernels, spec, [{ key, ticks }], { mode, window, rows: null })) {
      said.set(output, tick.row.index * O);
      if (tick.row.index % every === 0) await new Promise((done) => setTimeout(done));
    }
  }
  return (t) => said.subarray(t * O, (t + 1) * O);
}

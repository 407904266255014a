/**
 * Training a model: batches through the tape, a step down the gradients of each, epoch after epoch, until the loss on data
 * that it does not learn from stops falling. Fixed seed, same bytes; a run that is resumed gives those of one that was not.
 */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import type { ModelSpec } from '../model/spec.ts';
import { Tape } from '../model/tape.ts';
import { Random } from '../random.ts';
import { type Feed, LaneFeed, type Stretch, type TrainingData, WindowFeed, type Windows } from './feed.ts';
import { checkLoss, Loss, type LossOptions, scoreOf } from './loss.ts';
import { Optimizer, type OptimizerOptions, type OptimizerState } from './optimizer.ts';
import { perTick } from './perTick.ts';
import { checkSchedule, type Schedule, share } from './schedule.ts';

export interface TrainerOptions {
  /** K, ticks of a window, or of a segment through which gradients are carried back. */
  ticks: number;
  /**
   * What is learnt from, and what only measures how well: windows that all begin at zero, or a stretch of ticks in lanes whose
   * states are carried on from segment to segment (truncated backpropagation through time).
   */
  train: Windows | Stretch;
  validation?: Windows | Stretch | null;
  loss: LossOptions;
  optimizer?: OptimizerOptions;
  schedule?: Schedule;
  /** B, windows or lanes of a batch; default 64. */
  batch?: number;
  epochs: number;
  /** Epochs without a better loss after which it stops; default: never. */
  patience?: number;
  /** Default 0. */
  seed?: number;
  /** Where another run of the same model, data and options stood. */
  resume?: TrainerState | null;
}

/** All that a run is at the end of an epoch. Plain data: it may be written down, or travel to another thread. */
export interface TrainerState {
  /** Epochs and steps that have been. */
  epoch: number;
  step: number;
  values: Float32Array;
  optimizer: OptimizerState;
  random: readonly [number, number, number, number];
  /** The best epoch so far. */
  best: { epoch: number; loss: number; values: Float32Array };
}

/** What an epoch has come to. */
export interface Epoch {
  /** Counted from 1. */
  epoch: number;
  /** Steps since the beginning. */
  step: number;
  /** Mean loss over the batches, each before its step; and after the last one over what is not learnt from. */
  loss: number;
  validation: number | null;
  /** Mean L2 norm of the gradients, before they are clipped. */
  norm: number;
  /** Learning rate of the last step. */
  rate: number;
  /** Whether there was none better. */
  best: boolean;
}

export interface Trained {
  /** The model with the weights of the best epoch, by the loss of validation where there is one. */
  spec: ModelSpec;
  /** That epoch, 0: none was better than no training. */
  epoch: number;
  loss: number;
  epochs: Epoch[];
  /** Why it ended: all epochs, no better one for long (`patience`), a loss or a gradient that is no number, a signal. */
  stopped: 'epochs' | 'patience' | 'diverged' | 'aborted';
  /** Steps that were taken; where it diverged, the one that could not be. */
  step: number;
}

/** Multiply-adds after which others get their turn. */
const TURN = 3e8;

export class Trainer {
  readonly #kernels: Kernels;
  readonly #spec: ModelSpec;
  readonly #options: Required<Pick<TrainerOptions, 'ticks' | 'epochs' | 'patience' | 'schedule'>>;
  readonly #tape: Tape;
  readonly #loss: Loss;
  readonly #optimizer: Optimizer;
  readonly #train: Feed;
  readonly #validation: Feed | null;
  #random: Random;
  #state: TrainerState;
  #done = 0;

  /**
   * @throws ConfigError where model, data and options do not fit each other, DataError for windows beyond the data, and values
   *   or targets that are none, ModelError for a model that does not fit into memory
   */
  constructor(kernels: Kernels, spec: ModelSpec, data: TrainingData, options: TrainerOptions) {
    const {
      ticks,
      batch = 64,
      seed = 0,
      schedule = { kind: 'constant' },
      patience = Number.POSITIVE_INFINITY,
    } = options;
    const { train, validation = null, loss, epochs, resume = null } = options;
    for (const [name, value] of Object.entries({ ticks, batch, epochs }))
      if (!(Number.isInteger(value) && value >= 1)) throw new ConfigError(invalid(name, value, '1 or more'));
    if (!(patience >= 1)) throw new ConfigError(invalid('patience', patience, 'one epoch or more'));
    const T = data.values.length / data.inputs;
    if (data.inputs !== spec.inputs)
      throw new ConfigError(invalid('data inputs', data.inputs, `${spec.inputs}, the model's`));
    if (!Number.isInteger(T) || data.targets.length !== T * data.width)
      throw new ConfigError(invalid('data targets', data.targets.length, `${data.width} for each of ${T} ticks`));
    checkLoss(loss, spec, data.width);
    checkSchedule(schedule, epochs);
    const carried = !isWindows(train);
    this.#kernels = kernels;
    this.#spec = spec;
    this.#options = { ticks, epochs, patience, schedule };
    const model = carried ? perTick(spec) : spec;
    const tape = new Tape(kernels, model, { branches: batch, ticks, score: scoreOf(loss), learns: true });
    this.#tape = tape;
    const scored = tape.scored(carried);
    if (scored.value.length !== (carried ? ticks : 1))
      throw new ConfigError(invalid('model', spec.name, carried ? 'an output at every tick' : 'an output of one row'));
    this.#loss = new Loss(tape.arena, loss, scored, batch, data.width);
    this.#optimizer = new Optimizer(tape.arena, tape.parameters!, options.optimizer);
    tape.attach();
    const feed = (of: Windows | Stretch, what: string): Feed =>
      isWindows(of) ? new WindowFeed(tape, this.#loss, data, of, what) : new LaneFeed(tape, this.#loss, data, of, what);
    this.#train = feed(train, 'training');
    if (this.#train.steps === 0) throw new ConfigError(invalid('training windows', 'none', 'one or more'));
    if (validation && isWindows(validation) === carried)
      throw new ConfigError(
        invalid('validation', 'the other kind', 'windows beside windows, a stretch beside a stretch'),
      );
    this.#validation = validation && feed(validation, 'validation');
    this.#random = new Random(seed);
    this.#state = resume ?? this.#now(0, 0, { epoch: 0, loss: Number.POSITIVE_INFINITY });
  }

  /** The learnt numbers. */
  get parameters(): number {
    return this.#tape.parameters!.count;
  }

  /** Where it stands: at the end of the last complete epoch, from which another trainer goes on. */
  get state(): TrainerState {
    return this.#state;
  }

  /**
   * Trains until it ends. It lets others have their turn in between.
   * @param tell is called after every epoch
   * @param signal ends it, in the middle of an epoch as well; what was best so far is kept
   */
  async run(tell: (epoch: Epoch) => void = () => {}, signal?: AbortSignal): Promise<Trained> {
    const { epochs: most, patience } = this.#options;
    this.#restore(this.#state);
    const epochs: Epoch[] = [];
    const ended = (stopped: Trained['stopped'], step: number): Trained => {
      const { epoch, loss, values } = this.#state.best;
      return { spec: this.#tape.parameters!.apply(this.#spec, values), epoch, loss, epochs, stopped, step };
    };
    while (this.#state.epoch < most) {
      const { best, epoch: before, step } = this.#state;
      if (before - best.epoch >= patience) return ended('patience', step);
      const learnt = await this.#epoch(step, signal);
      if (learnt.stopped) return ended(learnt.stopped, learnt.step);
      const validation = await this.#measure(signal);
      if (signal?.aborted) return ended('aborted', learnt.step);
      const epoch = before + 1;
      const reached = validation ?? learnt.loss;
      if (!Number.isFinite(reached)) return ended('diverged', learnt.step);
      const better = reached < best.loss;
      this.#state = this.#now(epoch, learnt.step, better ? { epoch, loss: reached } : best);
      const report = { epoch, step: learnt.step, loss: learnt.loss, validation, norm: learnt.norm, rate: learnt.rate };
      epochs.push({ ...report, best: better });
      tell(epochs.at(-1)!);
    }
    return ended('epochs', this.#state.step);
  }

  /** One epoch of steps. */
  async #epoch(
    step: number,
    signal?: AbortSignal,
  ): Promise<{ step: number; loss: number; norm: number; rate: number; stopped?: 'diverged' | 'aborted' }> {
    const { epochs, schedule } = this.#options;
    const { noise } = this.#tape.parameters!;
    const sum = { loss: 0, norm: 0, windows: 0 };
    let rate = 0;
    this.#train.shuffle(this.#random);
    for (let s = 0; s < this.#train.steps; s++) {
      await this.#turn();
      if (signal?.aborted) return { step, loss: 0, norm: 0, rate, stopped: 'aborted' };
      const n = this.#train.put(s);
      noise.on = true;
      noise.key = this.#random.next();
      this.#tape.run(n);
      let loss = 0;
      this.#tape.descend(() => {
        loss = this.#loss.run(n);
      });
      noise.on = false;
      const norm = this.#optimizer.norm();
      if (!Number.isFinite(loss + norm)) return { step: step + 1, loss, norm, rate, stopped: 'diverged' };
      rate = this.#optimizer.rate * share(schedule, step, this.#train.steps, epochs, this.#kernels.math);
      this.#optimizer.step(norm, rate);
      step++;
      sum.loss += loss * n;
      sum.norm += norm;
      sum.windows += n;
    }
    return { step, loss: sum.loss / sum.windows, norm: sum.norm / this.#train.steps, rate };
  }

  /** The mean loss over what is not learnt from. */
  async #measure(signal?: AbortSignal): Promise<number | null> {
    const feed = this.#validation;
    if (!feed || feed.steps === 0) return null;
    let sum = 0;
    let windows = 0;
    for (let s = 0; s < feed.steps && !signal?.aborted; s++) {
      await this.#turn();
      const n = feed.put(s);
      this.#tape.run(n);
      sum += this.#loss.run(n) * n;
      windows += n;
    }
    return sum / windows;
  }

  /** Where it stands now. @param best whether that is better than all before, or what was */
  #now(epoch: number, step: number, best: { epoch: number; loss: number; values?: Float32Array }): TrainerState {
    const values = this.#tape.parameters!.values.slice();
    const optimizer = this.#optimizer.state();
    return { epoch, step, values, optimizer, random: this.#random.state, best: { values, ...best } };
  }

  #restore({ values, optimizer, random }: TrainerState): void {
    this.#tape.parameters!.values.set(values);
    this.#tape.parameters!.write();
    this.#optimizer.restore(optimizer);
    this.#random = new Random(random);
  }

  async #turn(): Promise<void> {
    this.#done += this.#tape.parameters!.count * this.#tape.branches * this.#tape.ticks;
    if (this.#done < TURN) return;
    this.#done = 0;
    await new Promise((done) => setTimeout(done));
  }
}

function isWindows(of: Windows | Stretch): of is Windows {
  return 'length' in of;
}

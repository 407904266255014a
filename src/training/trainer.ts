/**
 * Training a model: batches through the tape, a step down the gradients of each, epoch after epoch, until the loss on data
 * that it does not learn from stops falling. Fixed seed, same bytes; a run that is resumed gives those of one that was not.
 */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import type { Parameters } from '../model/parameters.ts';
import type { ModelSpec } from '../model/spec.ts';
import { Random } from '../random.ts';
import { type Crew, Hand, type Hire, type Task, type Work } from './crew.ts';
import type { Stretch, TrainingData, Windows } from './feed.ts';
import { checkLoss, type LossOptions } from './loss.ts';
import { Optimizer, type OptimizerOptions } from './optimizer.ts';
import { checkSchedule, type Schedule, share } from './schedule.ts';
import type { Epoch, TrainerState } from './state.ts';

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
  /**
   * Runs of windows that each batch is cut into (default 1): another number gives other bytes, since sums are taken in another
   * order. A crew works on all but the first, which is the trainer's own.
   */
  shares?: number;
  crew?: Hire | null;
  /** Is called after every step. */
  watch?: (progress: Progress) => void;
}

/** How far an epoch has come. */
export interface Progress {
  /** Counted from 1. */
  epoch: number;
  /** Steps that are done, and those of an epoch. */
  step: number;
  steps: number;
  /** Mean loss over them. */
  loss: number;
}

export interface Trained {
  /** The model with the weights of the best epoch, by the loss of validation where there is one. */
  spec: ModelSpec;
  /** That epoch, 0: none was better than no training. */
  epoch: number;
  loss: number;
  /** All of them; those before the run was resumed as well. */
  epochs: readonly Epoch[];
  /** Why it ended: all epochs, no better one for long (`patience`), a loss or a gradient that is no number, a signal. */
  stopped: 'epochs' | 'patience' | 'diverged' | 'aborted';
  /** Steps that were taken; where it diverged, the one that could not be. */
  step: number;
}

/** Multiply-adds after which others get their turn. */
const TURN = 3e8;

export class Trainer {
  readonly #kernels: Kernels;
  readonly #work: Work;
  readonly #options: Required<Pick<TrainerOptions, 'epochs' | 'patience' | 'schedule' | 'watch'>>;
  readonly #hire: Hire | null;
  readonly #hand: Hand;
  readonly #parameters: Parameters;
  readonly #optimizer: Optimizer;
  #crew: Crew | null = null;
  #random: Random;
  #state: TrainerState;
  #done = 0;

  /**
   * @throws ConfigError where model, data and options do not fit each other, DataError for windows beyond the data, and values
   *   or targets that are none, ModelError for a model that does not fit into memory
   */
  constructor(kernels: Kernels, spec: ModelSpec, data: TrainingData, options: TrainerOptions) {
    const { ticks, train, validation = null, loss, batch = 64, shares = 1, crew = null } = options;
    const { epochs, patience = Number.POSITIVE_INFINITY, schedule = { kind: 'constant' }, watch = () => {} } = options;
    const { seed = 0, resume = null } = options;
    for (const [name, value] of Object.entries({ ticks, batch, epochs, shares }))
      if (!(Number.isInteger(value) && value >= 1)) throw new ConfigError(invalid(name, value, '1 or more'));
    if (shares > 1 && !crew) throw new ConfigError(invalid('shares', shares, 'a crew for all but one of them'));
    if (!(patience >= 1)) throw new ConfigError(invalid('patience', patience, 'one epoch or more'));
    const T = data.values.length / data.inputs;
    if (data.inputs !== spec.inputs)
      throw new ConfigError(invalid('data inputs', data.inputs, `${spec.inputs}, the model's`));
    if (!Number.isInteger(T) || data.targets.length !== T * data.width)
      throw new ConfigError(invalid('data targets', data.targets.length, `${data.width} for each of ${T} ticks`));
    checkLoss(loss, spec, data.width);
    checkSchedule(schedule, epochs);
    this.#kernels = kernels;
    this.#work = { spec, data, ticks, train, validation, loss, batch, shares };
    this.#options = { epochs, patience, schedule, watch };
    this.#hire = shares > 1 ? crew : null;
    this.#hand = new Hand(kernels, this.#work, 0);
    const { tape } = this.#hand;
    this.#parameters = tape.parameters!;
    this.#optimizer = new Optimizer(tape.arena, this.#parameters, options.optimizer);
    tape.attach();
    this.#random = new Random(seed);
    this.#state = resume ?? this.#now(0, 0, [], { epoch: 0, loss: Number.POSITIVE_INFINITY });
    const lengths = [this.#state.values, this.#state.best.values, ...this.#state.optimizer.moments].map(
      (x) => x.length,
    );
    const wanted = [this.parameters, this.parameters, ...this.#optimizer.state().moments.map(() => this.parameters)];
    if (lengths.join() !== wanted.join())
      throw new ConfigError(invalid('state', `${lengths.join(', ')} values`, `${wanted.join(', ')}, the model's`));
  }

  /** The learnt numbers. */
  get parameters(): number {
    return this.#parameters.count;
  }

  /** Where it stands: at the end of the last complete epoch, from which another trainer goes on. */
  get state(): TrainerState {
    return this.#state;
  }

  /**
   * Trains until it ends. It lets others have their turn in between.
   * @param tell is called after every epoch, with where the run then stands
   * @param signal ends it, in the middle of an epoch as well; what was best so far is kept
   * @throws Error where one of the crew ended or failed; `state` is that of the last complete epoch
   */
  async run(tell: (epoch: Epoch, state: TrainerState) => void = () => {}, signal?: AbortSignal): Promise<Trained> {
    this.#restore(this.#state);
    this.#crew = this.#hire?.(this.#work, this.parameters) ?? null;
    try {
      return await this.#run(tell, signal);
    } finally {
      await this.#crew?.close();
      this.#crew = null;
    }
  }

  async #run(tell: (epoch: Epoch, state: TrainerState) => void, signal?: AbortSignal): Promise<Trained> {
    const { epochs: most, patience } = this.#options;
    const ended = (stopped: Trained['stopped'], step: number): Trained => {
      const { epoch, loss, values } = this.#state.best;
      const spec = this.#parameters.apply(this.#work.spec, values);
      return { spec, epoch, loss, epochs: this.#state.epochs, stopped, step };
    };
    while (this.#state.epoch < most) {
      const { best, epoch: before, epochs, step } = this.#state;
      if (before - best.epoch >= patience) return ended('patience', step);
      const learnt = await this.#epoch(step, signal);
      if (learnt.stopped) return ended(learnt.stopped, learnt.step);
      const validation = await this.#measure(signal);
      if (signal?.aborted) return ended('aborted', learnt.step);
      const epoch = before + 1;
      const reached = validation ?? learnt.loss;
      if (!Number.isFinite(reached)) return ended('diverged', learnt.step);
      const better = reached < best.loss;
      const report = { epoch, step: learnt.step, loss: learnt.loss, validation, norm: learnt.norm, rate: learnt.rate };
      const told = { ...report, best: better };
      this.#state = this.#now(epoch, learnt.step, [...epochs, told], better ? { epoch, loss: reached } : best);
      tell(told, this.#state);
    }
    return ended('epochs', this.#state.step);
  }

  /** One epoch of steps. */
  async #epoch(
    step: number,
    signal?: AbortSignal,
  ): Promise<{ step: number; loss: number; norm: number; rate: number; stopped?: 'diverged' | 'aborted' }> {
    const { epochs, schedule, watch } = this.#options;
    const { train } = this.#hand;
    const sum = { loss: 0, norm: 0, windows: 0 };
    let rate = 0;
    this.#crew?.shuffle(this.#random.state);
    train.shuffle(this.#random);
    for (let s = 0; s < train.steps; s++) {
      await this.#turn();
      if (signal?.aborted) return { step, loss: 0, norm: 0, rate, stopped: 'aborted' };
      const { loss, windows } = await this.#batch({ part: 'train', step: s, key: this.#random.next() });
      const norm = this.#optimizer.norm();
      if (!Number.isFinite(loss + norm)) return { step: step + 1, loss, norm, rate, stopped: 'diverged' };
      rate = this.#optimizer.rate * share(schedule, step, train.steps, epochs, this.#kernels.math);
      this.#optimizer.step(norm, rate);
      step++;
      sum.loss += loss * windows;
      sum.norm += norm;
      sum.windows += windows;
      watch({ epoch: this.#state.epoch + 1, step: s + 1, steps: train.steps, loss: sum.loss / sum.windows });
    }
    return { step, loss: sum.loss / sum.windows, norm: sum.norm / train.steps, rate };
  }

  /** The mean loss over what is not learnt from. */
  async #measure(signal?: AbortSignal): Promise<number | null> {
    const feed = this.#hand.validation;
    if (!feed || feed.steps === 0) return null;
    let sum = 0;
    let count = 0;
    for (let s = 0; s < feed.steps && !signal?.aborted; s++) {
      await this.#turn();
      const { loss, windows } = await this.#batch({ part: 'validation', step: s, key: 0 });
      sum += loss * windows;
      count += windows;
    }
    return sum / count;
  }

  /** The loss of a batch, and where it is learnt from its gradient: parts are added in the order of shares. */
  async #batch(task: Task): Promise<{ loss: number; windows: number }> {
    const others = this.#crew?.work(task, this.#parameters.values);
    const { loss, windows } = this.#hand.run(task);
    if (!others) return { loss, windows };
    let sum = loss;
    for (const answer of await others) {
      sum += answer.loss;
      if (task.part === 'train') add(this.#parameters.gradients, answer.gradients);
    }
    return { loss: sum, windows };
  }

  /** Where it stands now. @param best whether that is better than all before, or what was */
  #now(
    epoch: number,
    step: number,
    epochs: readonly Epoch[],
    best: { epoch: number; loss: number; values?: Float32Array },
  ): TrainerState {
    const values = this.#parameters.values.slice();
    const optimizer = this.#optimizer.state();
    return { epoch, step, epochs, values, optimizer, random: this.#random.state, best: { values, ...best } };
  }

  #restore({ values, optimizer, random }: TrainerState): void {
    this.#parameters.values.set(values);
    this.#parameters.write();
    this.#optimizer.restore(optimizer);
    this.#random = new Random(random);
  }

  async #turn(): Promise<void> {
    const { branches, ticks } = this.#hand.tape;
    this.#done += this.parameters * branches * ticks;
    if (this.#done < TURN) return;
    this.#done = 0;
    await new Promise((done) => setTimeout(done));
  }
}

function add(to: Float32Array, more: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += more[i]!;
}

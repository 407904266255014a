/**
 * A batch cut into shares, each of which is worked on by a hand of its own: its outputs, its part of the loss, and the gradients
 * of that part, whose sum in the order of shares is the batch's gradient. Where the hands are is not known here.
 */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import type { ModelSpec } from '../model/spec.ts';
import { Tape } from '../model/tape.ts';
import type { Random } from '../random.ts';
import { type Feed, LaneFeed, type Stretch, type TrainingData, WindowFeed, type Windows } from './feed.ts';
import { Loss, type LossOptions, scoreOf } from './loss.ts';
import { perTick } from './perTick.ts';

/** What is worked on. Plain data: it may travel to another thread. */
export interface Work {
  spec: ModelSpec;
  data: TrainingData;
  /** K, ticks of a window or a segment. */
  ticks: number;
  train: Windows | Stretch;
  validation: Windows | Stretch | null;
  loss: LossOptions;
  /** B, windows or lanes of a batch, and how many shares it is cut into. */
  batch: number;
  shares: number;
}

/** One batch. */
export interface Task {
  part: 'train' | 'validation';
  step: number;
  /** What dropout draws from. */
  key: number;
}

/** A share's part of a batch's loss, and of its gradient where it is learnt from. */
export interface Answer {
  loss: number;
  gradients: Float32Array;
}

/** The hands of all shares but the first, which is the trainer's own. */
export interface Crew {
  /** An epoch begins, in the order that a generator in this state draws. */
  shuffle(random: Random['state']): void;
  /**
   * They begin with their shares of a batch.
   * @param values the parameters' values: read before it returns
   * @returns one answer a share, in order; gradients stay what they are until the next task
   * @throws Error where one of them ended or failed
   */
  work(task: Task, values: Float32Array): Promise<readonly Answer[]>;
  /** Ends them. */
  close(): Promise<void>;
}

/** Finds the hands for shares 1 and up. @param count how many parameters there are */
export type Hire = (work: Work, count: number) => Crew;

/** One share of every batch. */
export class Hand {
  readonly tape: Tape;
  readonly train: Feed;
  readonly validation: Feed | null;
  readonly #loss: Loss;

  /** @throws ConfigError, DataError, ModelError for what does not fit (`Trainer`) */
  constructor(kernels: Kernels, { spec, data, ticks, train, validation, loss, batch, shares }: Work, share: number) {
    const carried = !isWindows(train);
    const branches = Math.ceil(batch / shares);
    const model = carried ? perTick(spec) : spec;
    this.tape = new Tape(kernels, model, { branches, ticks, score: scoreOf(loss), learns: true });
    const scored = this.tape.scored(carried);
    if (scored.value.length !== (carried ? ticks : 1))
      throw new ConfigError(invalid('model', spec.name, carried ? 'an output at every tick' : 'an output of one row'));
    this.#loss = new Loss(this.tape.arena, loss, scored, branches, data.width);
    this.tape.attach();
    this.tape.parameters!.noise.batch = batch;
    const cut = { batch, share, shares };
    const feed = (of: Windows | Stretch, what: string): Feed =>
      isWindows(of)
        ? new WindowFeed(this.tape, this.#loss, data, of, what, cut)
        : new LaneFeed(this.tape, this.#loss, data, of, what, cut);
    this.train = feed(train, 'training');
    if (this.train.steps === 0) throw new ConfigError(invalid('training windows', 'none', 'one or more'));
    if (validation && isWindows(validation) === carried)
      throw new ConfigError(
        invalid('validation', 'the other kind', 'windows beside windows, a stretch beside a stretch'),
      );
    this.validation = validation && feed(validation, 'validation');
  }

  /**
   * Works on its share of a batch: the gradients of its parameters are those of its part of the loss, where it is learnt from.
   * @returns that part, and how many windows the whole batch has
   */
  run({ part, step, key }: Task): { loss: number; windows: number } {
    const { noise } = this.tape.parameters!;
    const learns = part === 'train';
    const { n, first, all } = this[part]!.put(step);
    let loss = 0;
    Object.assign(noise, { on: learns, key, first });
    this.tape.run(n);
    const measure = (): void => {
      loss = this.#loss.run(n, all);
    };
    if (learns) this.tape.descend(measure);
    else measure();
    noise.on = false;
    return { loss, windows: all };
  }
}

function isWindows(of: Windows | Stretch): of is Windows {
  return 'length' in of;
}

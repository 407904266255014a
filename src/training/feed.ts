/** How a series goes on the tape, batch by batch: windows that begin at zero, or lanes that go on from segment to segment. */
import { ConfigError, DataError, invalid } from '../errors.ts';
import type { Tape } from '../model/tape.ts';
import type { Random } from '../random.ts';
import { type Group, layOut, type Piece } from './lanes.ts';
import type { Loss } from './loss.ts';

/** A series and what should be said at each of its ticks; ticks that nothing is learnt from may hold anything. */
export interface TrainingData {
  /** (T, F). */
  values: Float32Array;
  /** F. */
  inputs: number;
  /** (T, W). */
  targets: Float32Array;
  /** W: one an output, or one for all of them; of `categorical-crossentropy` the number of a class. */
  width: number;
}

/** Windows by their last ticks, each of which begins at the zero state. */
export type Windows = ArrayLike<number>;
/** Ticks in one piece, or in several that no state crosses; they are cut into as many lanes as there are in a batch. */
export type Stretch = Piece | { pieces: readonly Piece[] };

/** Which of a batch's windows are put: number `share` of the `shares` runs, as equal as can be, that it is cut into. */
export interface Cut {
  batch: number;
  share: number;
  shares: number;
}

/** What was put on the tape: n windows, from number `first` of all those that the batch has. */
export interface Put {
  n: number;
  first: number;
  all: number;
}

/** One pass over some data. */
export interface Feed {
  /** Batches. */
  readonly steps: number;
  /** Puts them in a new order, where there is one. */
  shuffle(random: Random): void;
  /** Puts a share of batch `step` on the tape, and its targets. */
  put(step: number): Put;
}

/** Windows in any order, all from zero; the loss is that of their last ticks. */
export class WindowFeed implements Feed {
  readonly steps: number;
  readonly #order: Int32Array;
  readonly #sorted: Int32Array;
  readonly #tape: Tape;
  readonly #loss: Loss;
  readonly #data: TrainingData;
  readonly #cut: Cut;

  /** @throws DataError for windows beyond the series, and values that are not finite */
  constructor(tape: Tape, loss: Loss, data: TrainingData, windows: Windows, what: string, cut: Cut) {
    this.#cut = cut;
    this.#tape = tape;
    this.#loss = loss;
    this.#data = data;
    this.#sorted = Int32Array.from(windows);
    this.#order = this.#sorted.slice();
    this.steps = Math.ceil(windows.length / cut.batch);
    const T = data.values.length / data.inputs;
    const least = tape.ticks - 1;
    const wrong = this.#sorted.find((last, i) => !(last >= least && last < T && last === windows[i]));
    const expected = `last ticks of windows, from ${least} to ${T - 1}`;
    if (wrong !== undefined) throw new DataError(invalid(`${what} windows`, wrong, expected));
    for (const last of this.#sorted) loss.check(data.targets, last, last + 1);
    const used = new Uint8Array(T);
    for (const last of this.#sorted) used.fill(1, last - least, last + 1);
    checkValues(data, (t) => used[t] === 1);
  }

  shuffle(random: Random): void {
    this.#order.set(this.#sorted);
    random.shuffle(this.#order);
  }

  put(step: number): Put {
    const { ticks: K } = this.#tape;
    const { values, inputs: F, targets, width: W } = this.#data;
    const { batch: B } = this.#cut;
    const to = this.#loss.targets;
    const put = cutOut(Math.min(B, this.#order.length - step * B), this.#cut);
    for (let i = 0; i < put.n; i++) {
      const last = this.#order[step * B + put.first + i]!;
      this.#tape.put(i, values, (last - K + 1) * F);
      for (let w = 0; w < W; w++) to[i * W + w] = targets[last * W + w]!;
    }
    return put;
  }
}

/** Lanes side by side, segment after segment, states carried on; the loss is that of every tick. */
export class LaneFeed implements Feed {
  readonly steps: number;
  /** Most lanes of a step. */
  readonly lanes: number;
  readonly #tape: Tape;
  readonly #loss: Loss;
  readonly #data: TrainingData;
  /** What each step begins with: the group of lanes that it belongs to, and which of their segments it is. */
  readonly #plan: readonly { group: Group; segment: number }[];
  readonly #cut: Cut;

  /** @throws ConfigError for a stretch shorter than a segment, DataError for one beyond the series and values that are not finite */
  constructor(tape: Tape, loss: Loss, data: TrainingData, stretch: Stretch, what: string, cut: Cut) {
    const T = data.values.length / data.inputs;
    const { ticks: K } = tape;
    const pieces = 'pieces' in stretch ? stretch.pieces : [stretch];
    for (const { from, to } of pieces) {
      const fits = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to <= T;
      if (!fits) throw new DataError(invalid(`${what} ticks`, `${from} to ${to}`, `a part of 0 to ${T}`));
    }
    this.#cut = cut;
    const groups = layOut(pieces, K, cut.batch);
    const longest = pieces.reduce((most, { from, to }) => Math.max(most, to - from), 0);
    if (groups.length === 0)
      throw new ConfigError(invalid(`${what} ticks`, longest, `at least ${K}, those of a segment`));
    this.lanes = Math.max(...groups.map(({ first }) => first.length));
    this.#plan = groups.flatMap((group) => Array.from({ length: group.length }, (_, segment) => ({ group, segment })));
    this.steps = this.#plan.length;
    this.#tape = tape;
    this.#loss = loss;
    this.#data = data;
    const used = new Uint8Array(T);
    for (const { first, length } of groups) {
      for (const from of first) {
        loss.check(data.targets, from, from + length * K);
        used.fill(1, from, from + length * K);
      }
    }
    checkValues(data, (t) => used[t] === 1);
  }

  shuffle(): void {}

  put(step: number): Put {
    const { branches: B, ticks: K } = this.#tape;
    const { values, inputs: F, targets, width: W } = this.#data;
    const to = this.#loss.targets;
    const { group, segment } = this.#plan[step]!;
    if (segment === 0) this.#tape.reset();
    else this.#tape.carry();
    const put = cutOut(group.first.length, this.#cut);
    for (let i = 0; i < put.n; i++) {
      const first = group.first[put.first + i]! + segment * K;
      this.#tape.put(i, values, first * F);
      for (let t = 0; t < K; t++) {
        for (let w = 0; w < W; w++) to[(t * B + i) * W + w] = targets[(first + t) * W + w]!;
      }
    }
    return put;
  }
}

/** The first shares are those that are longer; with fewer windows than shares the last ones are empty. */
function cutOut(all: number, { share, shares }: Cut): Put {
  const first = Math.ceil((share * all) / shares);
  return { n: Math.ceil(((share + 1) * all) / shares) - first, first, all };
}

function checkValues({ values, inputs: F }: TrainingData, used: (t: number) => boolean): void {
  for (let i = 0; i < values.length; i++) {
    const t = Math.floor(i / F);
    if (used(t) && !Number.isFinite(values[i]))
      throw new DataError(invalid(`tick ${t} value ${i % F}`, values[i], 'a number'));
  }
}

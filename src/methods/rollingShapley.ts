/**
 * Rolling Shapley: at every tick the Shapley value of every recent tick, cell, segment or feature, for one batched step.
 *
 * Players are present or hold their baseline, over the whole past of the stream; a coalition is worth what the model says now.
 * A player's Shapley value is what it adds to the output, where every other player is present with probability p independently,
 * on average over p from 0 to 1 (Owen, "Multilinear extensions of games", 1972). So it is the mean of an occlusion's effect
 * over random worlds, and worlds are branches: they draw once for each tick and are carried along, as the bank of
 * `rollingOcclusion.ts` is. Nothing is ever re-run, and no estimate is without its standard error.
 *
 *     rollingShapley/worlds.ts      which branches there are, and what each is given
 *     rollingShapley/flips.ts       values from worlds and their flips
 *     rollingShapley/regression.ts  values from worlds alone
 *     rollingShapley/subsets.ts     features exactly, by all their subsets
 */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import { Model, type ModelOptions, type Snapshot } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import { meanOfFlips } from './rollingShapley/flips.ts';
import { type Generations, generationsOf, type RollingShapleyOptions, shapleyPlan } from './rollingShapley/plan.ts';
import { Regression } from './rollingShapley/regression.ts';
import { Subsets } from './rollingShapley/subsets.ts';
import { rowsNeeded, Worlds } from './rollingShapley/worlds.ts';

export { type RollingShapleyOptions, type ShapleyPlan, shapleyPlan } from './rollingShapley/plan.ts';

export class RollingShapley {
  /** Players in the window, at most: K ticks, K F cells (K, F), M segments or F features. */
  readonly players: number;
  /** M worlds, and which estimator makes values of them. */
  readonly worlds: number;
  readonly estimator: 'exact' | 'regression' | 'worlds';
  /** Runs all branches. Slot 0 is the stream as observed: its outputs and internals are the model's own. */
  readonly model: Model;
  /** One number a player after the last answer, oldest tick first, newest last; players that have not begun are 0. */
  readonly values: Float32Array;
  readonly standardErrors: Float32Array;
  /** What the model says as observed, and where every player of the stream ever is absent. */
  output = Number.NaN;
  noneOutput = Number.NaN;
  /**
   * What players older than the window add to the output. Shapley values of all players sum to `output - noneOutput`, so it is
   * what those of the window leave of that: 0 as long as there are no older players.
   */
  remainder = 0;
  /**
   * Sum of the values, plus the remainder, less (output - noneOutput): as long as there are no older players, how far the
   * estimates are from adding up; then 0, by how the remainder is told.
   */
  completenessGap = 0;
  /** Ticks that the players cover so far. */
  filled = 0;
  /** Branches stepped so far, and at the last tick. */
  evaluations = 0;
  stepped = 0;
  /** Branches alive after the last tick, the one as observed left out. */
  live = 0;

  readonly #generations: Generations;
  readonly #branches: Subsets | Worlds;
  readonly #regression: Regression | null;
  readonly #target: number;
  readonly #eps: number;
  readonly #length: number | null;
  /** Values and errors in the order of the ring, and the first tick of each generation in it. */
  readonly #value: Float64Array;
  readonly #error: Float64Array;
  readonly #firstTick: Float64Array;
  #ticks = 0;
  /** Generations so far, and the number of the newest. */
  #begun = 0;
  #generation = 0;

  /**
   * @throws ConfigError where not one pair of worlds fits into the branches, or for a window that does not fit the model;
   *   ModelError for a model whose shapes do not fit or that can only be called
   */
  constructor(
    kernels: Kernels,
    spec: ModelSpec,
    options: RollingShapleyOptions & Pick<ModelOptions, 'score' | 'learns'>,
  ) {
    const { window: K, target, seed, eps = 0, windowLength = null } = options;
    checkNumbers(seed, eps);
    const plan = shapleyPlan(options, spec.inputs);
    const generations = generationsOf(options, spec.inputs);
    const exact = plan.estimator === 'exact';
    const flips = plan.estimator === 'worlds';
    const inputRows = exact ? plan.branches : rowsNeeded(plan.worlds, generations, flips);
    const { score = 'raw', learns = false } = options;
    const runs = { score, learns, window: windowLength };
    const model = new Model(kernels, spec, { branches: plan.branches, inputRows, ...runs });
    const length = windowLength ?? model.window;
    if (length !== null && K > length)
      throw new ConfigError(invalid('window', K, `at most ${length} ticks, the length of a windowed run`));
    this.model = model;
    this.worlds = plan.worlds;
    this.estimator = plan.estimator;
    this.#generations = generations;
    this.#target = target;
    this.#eps = eps;
    this.#length = length;
    const worlds = exact ? null : new Worlds(model, { pairs: plan.worlds / 2, generations, flips, seed });
    this.#branches = worlds ?? new Subsets(model);
    this.#regression = worlds && !flips ? new Regression(worlds) : null;
    this.players = generations.count * generations.each;
    this.values = new Float32Array(this.players);
    this.standardErrors = new Float32Array(this.players);
    this.#value = new Float64Array(this.players);
    this.#error = new Float64Array(this.players);
    this.#firstTick = new Float64Array(generations.count);
  }

  /** Before the first tick: every world begins with this state, and what came before it is as observed in all of them. */
  startFrom(snapshot: Snapshot): void {
    this.model.restore(snapshot);
    this.model.fork(0, 1, this.model.slots.length - 1);
  }

  /**
   * The next tick.
   * @param x observed input (F) @param baseline what its absent features hold (F), in this and no other tick
   * @param answer false where nothing is asked about this tick: branches are stepped, values are left as they were
   * @throws ConfigError beyond the last tick of a windowed run
   */
  push(x: ArrayLike<number>, baseline: ArrayLike<number>, answer = true): void {
    const { model } = this;
    if (this.#ticks === this.#length) throw new ConfigError(invalid('mode', 'windowed', WHY_NOT_LIVE));
    model.input.set(x);
    model.input.set(baseline, model.inputStride);
    this.#enter();
    this.#branches.prepare();
    const { branches, rows } = this.#branches;
    model.step(branches, rows);
    this.#ticks++;
    this.filled = this.#ticks - this.#firstTick[(this.#begun - this.#alive()) % this.#generations.count]!;
    this.evaluations += branches;
    this.stepped = branches;
    this.live = branches - 1;
    if (answer) this.answerFor(this.#target);
    if (this.#eps > 0 && this.#branches instanceof Worlds) this.live -= this.#branches.settle(this.#eps);
  }

  /** The values of the last tick for another output: `values` and all that belongs to them are its from here to the next push. */
  answerFor(target: number): void {
    const { model } = this;
    model.effect.fill(0);
    model.difference(this.stepped, target);
    this.output = model.value(0, target);
    this.noneOutput = model.value(this.#branches.none, target);
    if (this.#branches instanceof Subsets) this.#branches.values(model.effect, this.#value);
    else if (this.#regression) this.#regression.estimate(model.effect, this.#value, this.#error);
    else meanOfFlips(this.#branches, model.effect, this.#value, this.#error);
    this.#collect();
  }

  /** Everything as before the first tick; the same ticks give the same values again. */
  reset(): void {
    this.model.reset();
    if (this.#branches instanceof Worlds) this.#branches.reset();
    this.#regression?.reset();
    for (const array of [this.values, this.standardErrors]) array.fill(0);
    this.output = Number.NaN;
    this.noneOutput = Number.NaN;
    this.remainder = 0;
    this.completenessGap = 0;
    this.filled = 0;
    this.evaluations = 0;
    this.stepped = 0;
    this.live = 0;
    this.#ticks = 0;
    this.#begun = 0;
  }

  /** Generations in the ring. */
  #alive(): number {
    return Math.min(this.#begun, this.#generations.count);
  }

  /** The tick's players: new ones take the place of the oldest. */
  #enter(): void {
    const { count, each, of } = this.#generations;
    const generation = of(this.#ticks);
    const begins = this.#begun === 0 || generation !== this.#generation;
    if (begins) {
      this.#firstTick[this.#begun % count] = this.#ticks;
      this.#begun++;
      this.#generation = generation;
    }
    if (this.#branches instanceof Subsets) return;
    const place = ((this.#begun - 1) % count) * each;
    if (begins) this.#branches.begin(place, generation);
    for (let g = 0; this.#regression && g < each; g++) {
      if (begins) this.#regression.begin(place + g);
      if (this.#differs(each === 1 ? null : g)) this.#regression.join(place + g);
    }
  }

  /** Whether the observed input is not at its baseline, in one feature or (null) in any. */
  #differs(feature: number | null): boolean {
    const { input, inputStride, inputs: F } = this.model;
    if (feature !== null) return input[feature] !== input[inputStride + feature];
    for (let f = 0; f < F; f++) if (input[f] !== input[inputStride + f]) return true;
    return false;
  }

  /** Ring to rows, oldest first. */
  #collect(): void {
    const { count, each } = this.#generations;
    const alive = this.#alive();
    let sum = 0;
    for (let k = 0; k < alive; k++) {
      const place = ((this.#begun - alive + k) % count) * each;
      const row = (count - alive + k) * each;
      for (let g = 0; g < each; g++) {
        this.values[row + g] = this.#value[place + g]!;
        this.standardErrors[row + g] = this.#error[place + g]!;
        sum += this.#value[place + g]!;
      }
    }
    const whole = this.output - this.noneOutput;
    this.remainder = this.#begun > count ? whole - sum : 0;
    this.completenessGap = sum + this.remainder - whole;
  }
}

const WHY_NOT_LIVE =
  'stateful: a windowed run begins anew at every tick, and every world would be stepped through the whole window again; ' +
  'a recorded window can be explained';

/** @throws ConfigError */
function checkNumbers(seed: number, eps: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new ConfigError(invalid('seed', seed, 'a whole number from 0 on'));
  if (!(eps >= 0)) throw new ConfigError(invalid('eps', eps, 'zero or a small positive number'));
}

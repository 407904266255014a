/**
 * A Tick comes in, an Explanation goes out. The hot path: plain loops over arrays that live as long as the explainer.
 *
 * settle the earlier prediction against what arrived -> features -> fork and step the branches -> head -> attribution
 */
import { ConfigError, invalid } from './errors.ts';
import { type AdaptationOptions, LiveAdaptation } from './explainer/adaptation.ts';
import { Held } from './explainer/held.ts';
import { type IntervalOptions, LiveInterval, saysValue } from './explainer/interval.ts';
import { Past, type Recent, type RecentOptions } from './explainer/past.ts';
import { LiveShapley, type ShapleyOptions } from './explainer/shapley.ts';
import { type Columns, compileColumns, quoteColumn } from './features/index.ts';
import type { Kernels } from './kernels.ts';
import { type Baseline, type BaselineOption, createBaseline } from './methods/baseline.ts';
import type { Question } from './methods/method.ts';
import { bankSize, RollingOcclusion } from './methods/rollingOcclusion.ts';
import { Model } from './model/graph.ts';
import { badToken, vocabularyOf } from './model/layers/embedding.ts';
import type { ModelSpec } from './model/spec.ts';
import { whyWindowed } from './model/wiring.ts';
import type { Saved, Saves } from './saved.ts';
import type { Attribution, Explanation, Tick } from './types.ts';

export interface ExplainerOptions {
  /** Expressions that feed the model; default the model's own. */
  columns?: readonly string[] | null;
  /** `none` predicts without explaining. */
  method?: 'rolling-occlusion' | 'none';
  /** K, ticks explained; in windowed mode the model's T where the file fixes one. */
  window?: number;
  /** Forgetting, see `RollingOcclusion`. */
  eps?: number;
  /** Default: mean, for tokens zero. */
  baseline?: BaselineOption | null;
  /** Which output is explained: its place or its name. */
  target?: number | string;
  mode?: 'stateful' | 'windowed' | null;
  score?: 'raw' | 'probability' | 'logit';
  /** Shapley values of ticks beside the attribution, of a stateful model; null or absent: none. */
  shapley?: ShapleyOptions | null | undefined;
  /** Intervals around the predictions of a model that names its target; null or absent: none. */
  interval?: IntervalOptions | null | undefined;
  /** The model goes on learning from the stream, see `LiveAdaptation`; null or absent: it does not. */
  adapt?: AdaptationOptions | null | undefined;
  /** Ticks that can be asked about again, see `Explainer.question`. Default 1,024. */
  recent?: number;
  /** Whether the newest tick may be corrected, see `Explainer.amend`. */
  amends?: boolean;
}

/** What a model has learnt from its stream by now, as `withWeights` takes it; null: it is what its file says. */
export interface Learnt {
  weights: Float32Array | null;
}

/** A model with one running state, explained at every tick. One of these a stream. */
export class Explainer implements Saves {
  readonly spec: ModelSpec;
  readonly mode: 'stateful' | 'windowed';
  readonly window: number;
  readonly target: number;
  readonly score: NonNullable<ExplainerOptions['score']>;
  readonly baseline: Baseline;
  /** Expressions that feed the model, in order. */
  readonly columns: readonly string[];
  /** Why the last tick was not fed, where an expression was not finite; null otherwise. */
  reason: string | null = null;

  readonly #model: Model;
  readonly #vocabulary: number | null;
  readonly #bank: RollingOcclusion | null;
  readonly #shapley: LiveShapley | null;
  readonly #interval: LiveInterval | null;
  readonly #adaptation: LiveAdaptation | null;
  readonly #features: Columns;
  readonly #targetColumn: Columns | null;
  /** Ring of the last `horizon` predictions. */
  readonly #predictions: Float64Array;
  readonly #past: Past;
  readonly #held: Held;
  readonly #explanation: Explanation;
  readonly #amends: boolean;
  /** The newest tick, whether it fed the model, and features and baseline as they were before it. */
  #newest: { tick: Tick; fed: boolean; before: Saved } | null = null;
  #index = -1;

  /**
   * @throws ConfigError for options that do not fit the model; ModelError for a model whose shapes do not fit
   */
  constructor(kernels: Kernels, spec: ModelSpec, options: ExplainerOptions = {}) {
    const { method = 'rolling-occlusion', eps = 0, baseline = null, target, score = 'raw' } = options;
    const columns = options.columns ?? spec.features;
    if (!columns) throw new ConfigError(invalid('columns', undefined, `${spec.inputs} columns: the model names none`));
    if (columns.length !== spec.inputs) {
      throw new ConfigError(
        invalid('columns', columns, `${spec.inputs}, as many as the model '${spec.name}' has inputs`),
      );
    }
    this.spec = spec;
    this.columns = columns;
    this.mode = options.mode ?? spec.mode;
    const windowed = whyWindowed(spec);
    if (spec.blackBox)
      throw new ConfigError(invalid('model', spec.name, `a model of layers for a live stream: ${windowed}`));
    if (windowed && this.mode === 'stateful')
      throw new ConfigError(invalid('mode', 'stateful', `windowed: ${windowed}`));
    this.window = (this.mode === 'windowed' ? spec.window : null) ?? options.window ?? 64;
    if (!Number.isInteger(this.window) || this.window < 1) {
      throw new ConfigError(invalid('window', this.window, 'a whole number of ticks, at least 1'));
    }
    if (!(eps >= 0)) throw new ConfigError(invalid('eps', eps, 'zero or a small positive number'));
    this.target = targetIndex(spec, target);
    this.score = score;
    this.baseline = createBaseline(baseline, spec);
    this.#vocabulary = vocabularyOf(spec);

    const explains = method === 'rolling-occlusion';
    const size = explains ? bankSize(this.window, spec.inputs) : {};
    const { shapley = null, interval = null, adapt = null } = options;
    const windowLength = this.mode === 'windowed' ? this.window : null;
    const learns = adapt !== null;
    this.#model = new Model(kernels, spec, { score, learns, window: windowLength, ...size });
    this.#bank = explains ? new RollingOcclusion(this.#model, { window: this.window, eps, target: this.target }) : null;
    this.#interval = interval && saysValue(spec) ? new LiveInterval(interval, spec) : null;
    const bank = { window: this.window, target: this.target, eps, score, learns };
    this.#shapley =
      shapley && this.mode === 'stateful' ? new LiveShapley(kernels, spec, { ...shapley, ...bank }) : null;
    if (adapt && score !== 'raw') throw new ConfigError(invalid('score', score, 'raw, where the model adapts'));
    const models = [this.#model, ...(this.#shapley ? [this.#shapley.model] : [])];
    this.#adaptation = adapt && new LiveAdaptation(kernels, spec, adapt, models, windowLength);
    this.#features = compileColumns(columns, kernels.math);
    this.#targetColumn = spec.target ? compileColumns([spec.target.expression], kernels.math) : null;
    this.#predictions = new Float64Array(Math.max(1, spec.horizon)).fill(Number.NaN);
    this.#past = new Past(spec, {
      recent: options.recent ?? 1024,
      window: this.window,
      windowed: this.mode === 'windowed',
      baseline: this.baseline,
    });
    this.#held = new Held(columns, this.window, kernels.math);
    this.#amends = options.amends ?? false;
    if (this.#amends && (adapt || shapley || options.recent === 0)) {
      const expected = 'no model that adapts, no live Shapley values and recent ticks that are kept';
      throw new ConfigError(invalid('amends', true, expected));
    }
    this.#explanation = {
      tick: { key: '', time: 0, seq: null, values: {} },
      index: -1,
      input: new Float32Array(spec.inputs),
      output: null,
      prediction: Number.NaN,
      target: this.target,
      arrived: Number.NaN,
      predicted: Number.NaN,
      residual: Number.NaN,
      interval: this.#interval?.answer ?? null,
      adaptation: this.#adaptation?.answer ?? null,
      attribution: this.#bank ? attributionOf(this.#bank) : null,
      shapley: this.#shapley?.answer ?? null,
    };
  }

  /** Bytes of the kernels' arenas: constant from the first tick on. */
  get bytes(): number {
    return this.#model.bytes + (this.#shapley?.model.bytes ?? 0) + (this.#adaptation?.bytes ?? 0);
  }

  /** Branches stepped, and what watching settled branches found. */
  get bank(): Pick<RollingOcclusion, 'live' | 'memory' | 'evaluations' | 'audit'> | null {
    return this.#bank;
  }

  /** The oldest tick that can be asked about again, by its number since the last reset, and the bytes that this takes. */
  get recent(): Pick<Past, 'first' | 'bytes'> {
    return this.#past;
  }

  /**
   * What a question about a recent tick rests on: with kernels, model and targets it is a `Question` for any method, and
   * rolling occlusion answers it with the bytes that the stream had.
   * @param index number of the tick since the last reset
   * @throws ConfigError where the tick is not kept (any more), or the baseline does not fit the model
   */
  question(index: number, options: RecentOptions = {}): Recent & Pick<Question, 'score'> & Learnt {
    const weights = this.#adaptation?.values.slice() ?? null;
    return { score: this.score, weights, ...this.#past.question(index, options) };
  }

  /** The raw columns that feed the model and its target. */
  rawColumns(): string[] {
    return [...new Set([...this.#features.columns(), ...(this.#targetColumn?.columns() ?? [])])];
  }

  /**
   * The next tick of the stream.
   * @returns what the model says now and why, in an object that the next push overwrites; null where an expression has no
   *   value for this tick (`reason` says why): it does not feed the model then
   */
  push(tick: Tick): Explanation | null {
    const answer = this.#explanation;
    const before = this.#amends ? this.#saveReading() : null;
    const fed = this.#read(tick);
    if (before) this.#newest = { tick, fed, before };
    if (!fed) return null;
    const horizon = this.#predictions.length;
    this.#index++;
    const turn = this.#index % horizon;
    answer.index = this.#index;
    answer.predicted = this.#predictions[turn]!;
    answer.residual = answer.arrived - answer.predicted;

    this.#adaptation?.push(tick.time, answer.input, answer.arrived, answer.predicted);
    const baseline = this.baseline.next(answer.input);
    this.#past.push(tick.time, answer.input, baseline, this.#model);
    this.#held.push(tick);
    this.#say(this.mode === 'windowed' ? this.#windowed() : this.#stateful(answer.input, baseline));
    this.#interval?.push(answer.arrived, answer.predicted, answer.prediction);
    this.#shapley?.push(answer.input, baseline);
    return answer;
  }

  /**
   * The newest tick again, because it was wrong: from here on everything is as if it had come like this, but for the interval,
   * which keeps the error that it saw. The model is stepped again through the last K ticks, from a state that was kept.
   * @returns null where another tick is the newest, or an expression has no value (`reason`): the model stays as it was
   */
  amend(tick: Tick): Explanation | null {
    const answer = this.#explanation;
    if (this.#newest?.tick.time !== tick.time) return null;
    const { tick: wrong, fed, before } = this.#newest;
    this.#loadReading(before);
    if (!fed) return this.push(tick);
    if (!this.#read(tick)) {
      const { reason } = this;
      this.#loadReading(before);
      this.#read(wrong);
      this.baseline.next(answer.input);
      this.reason = reason;
      return null;
    }
    this.#newest.tick = tick;
    answer.residual = answer.arrived - answer.predicted;
    this.#past.amend(answer.input, this.baseline.next(answer.input));
    this.#held.amend(tick);
    this.#say(this.mode === 'windowed' ? this.#windowed() : this.#again());
    return answer;
  }

  /** What a tick brings, into the answer; false where it does not feed the model, and `reason` may say why. */
  #read(tick: Tick): boolean {
    const answer = this.#explanation;
    const arrived = this.#targetColumn?.push(tick.values, tick.time);
    const input = this.#features.push(tick.values, tick.time);
    this.reason = this.#features.reason;
    if (!input) return false;
    if (this.#vocabulary !== null) this.reason = badToken(input[0]!, this.#vocabulary);
    if (this.reason !== null) return false;
    answer.tick = tick;
    answer.input.set(input);
    answer.arrived = arrived ? arrived[0]! : Number.NaN;
    return true;
  }

  /** What the model says, into the answer. */
  #say(output: Float32Array | null): void {
    const answer = this.#explanation;
    answer.output = output;
    answer.prediction = output ? output[this.target]! : Number.NaN;
    this.#predictions[this.#index % this.#predictions.length] = answer.prediction;
    if (!this.#bank || !answer.attribution) return;
    answer.attribution.filled = this.#bank.filled;
    answer.attribution.live = this.#bank.live;
    answer.attribution.memory = this.#bank.memory;
    answer.attribution.heldShare = this.#held.shareOf(answer.attribution.values);
  }

  /** What decides how a tick is read: expressions and baseline. */
  #saveReading(): Saved {
    return [this.#features, this.#targetColumn, this.baseline].map((each) => each?.save() ?? null);
  }

  #loadReading(saved: Saved): void {
    for (const [i, each] of [this.#features, this.#targetColumn, this.baseline].entries())
      each?.load((saved as Saved[])[i]!);
  }

  /** Whether `save` has all that goes on: not of a model that adapts or has live Shapley values, nor where no tick is kept. */
  get saves(): boolean {
    return !this.#adaptation && !this.#shapley && this.#past.keeps;
  }

  /** Features, baseline, errors and the last K ticks with the state before them: from those every branch is made again. */
  save(): Saved {
    const { predicted } = this.#explanation;
    const newest = this.#newest && { ...this.#newest, tick: JSON.stringify(this.#newest.tick), predicted };
    return {
      ...{ index: this.#index, reading: this.#saveReading(), past: this.#past.save(), held: this.#held.save() },
      ...{ predictions: this.#predictions.slice(), interval: this.#interval?.save() ?? null, newest },
    };
  }

  load(saved: Saved): void {
    const { index, reading, past, held, predictions, interval, newest } = saved as unknown as {
      index: number;
      predictions: Float64Array;
      newest: { tick: string; fed: boolean; before: Saved; predicted: number } | null;
    } & Record<'reading' | 'past' | 'held' | 'interval', Saved>;
    this.reset();
    this.#index = index;
    this.#loadReading(reading);
    this.#past.load(past);
    this.#held.load(held);
    this.#predictions.set(predictions);
    this.#interval?.load(interval);
    if (this.mode === 'stateful' && index >= 0) this.#again();
    if (!newest) return;
    const tick = JSON.parse(newest.tick) as Tick;
    this.#newest = { ...newest, tick };
    Object.assign(this.#explanation, { tick, index, predicted: newest.predicted });
  }

  /** As before the first tick: state, window, features and baseline. */
  reset(): void {
    this.#model.reset();
    this.#bank?.reset();
    this.#shapley?.reset();
    this.#interval?.reset();
    this.#adaptation?.reset();
    this.#features.reset();
    this.#targetColumn?.reset();
    this.baseline.reset();
    this.#past.reset();
    this.#held.reset();
    this.#predictions.fill(Number.NaN);
    this.#index = -1;
    this.#newest = null;
    this.reason = null;
  }

  #stateful(x: Float32Array, baseline: Float32Array): Float32Array {
    if (!this.#bank) return this.#model.stepOne(x);
    this.#bank.push(x, baseline);
    return this.#model.output(0);
  }

  /** The last K ticks once more, as a question about the newest one would step them. */
  #again(): Float32Array {
    const { start, before, ticks, baselines } = this.#past.question(this.#index);
    let i = this.#index + 1 - ticks.length;
    if (this.#bank) this.#bank.reset(i);
    else this.#model.reset();
    if (start) this.#model.restore(start);
    i -= before.length;
    for (const x of before) {
      this.#past.remember(i++, this.#model);
      this.#model.stepOne(x);
    }
    for (const [k, x] of ticks.entries()) {
      this.#past.remember(i++, this.#model);
      if (this.#bank) this.#bank.push(x, baselines.rows[k]!, k === ticks.length - 1);
      else this.#model.stepOne(x);
    }
    return this.#model.output(0);
  }

  /** The window once more from a zero state: the same bank, the prefix before each fork stepped only once. */
  #windowed(): Float32Array | null {
    const past = this.#past;
    const last = this.#index;
    if (last < this.window - 1) return null;
    if (this.#bank) this.#bank.reset();
    else this.#model.reset();
    for (let i = last - this.window + 1; i <= last; i++) {
      if (this.#bank) this.#bank.push(past.input(i), past.baseline(i), i === last);
      else this.#model.stepOne(past.input(i));
    }
    return this.#model.output(0);
  }
}

/**
 * Which output is meant. Default: the model's own target, else the only output, else the first.
 * @throws ConfigError naming the outputs there are
 */
export function targetIndex(spec: ModelSpec, target: number | string | undefined): number {
  if (target === undefined) return spec.target?.output ?? 0;
  const index = typeof target === 'number' ? target : spec.outputs.indexOf(target);
  if (!Number.isInteger(index) || index < 0 || index >= spec.outputs.length) {
    throw new ConfigError(
      invalid('target', target, `0 to ${spec.outputs.length - 1} or one of: ${spec.outputs.join(', ')}`),
    );
  }
  return index;
}

/** Columns named as they are: for data whose columns feed the model without an expression. */
export function plainColumns(names: readonly string[]): string[] {
  return names.map(quoteColumn);
}

function attributionOf(bank: RollingOcclusion): Attribution {
  return {
    method: 'rolling-occlusion',
    window: bank.window,
    filled: 0,
    values: bank.values,
    events: bank.events,
    live: 0,
    memory: 0,
    heldShare: 0,
  };
}

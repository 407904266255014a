/**
 * A model that goes on learning from its stream: after each settled prediction some steps of truncated backpropagation through
 * time, beside a frozen copy of the model that was loaded. Once its errors are larger than the copy's, and not by chance, it
 * takes the copy's weights back and learns no more.
 *
 * It begins after the ticks that the model was trained on or chosen by, which would teach it nothing, and on which its copy's
 * errors are those of what it knows by heart. Every step follows from the ticks alone, so a replay takes the same ones.
 */
import { ConfigError, invalid } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import { Model, PASSES, type Snapshot } from '../model/graph.ts';
import { whyNoTraining } from '../model/parameters.ts';
import type { ModelSpec } from '../model/spec.ts';
import { Tape } from '../model/tape.ts';
import { Loss } from '../training/loss.ts';
import { Optimizer } from '../training/optimizer.ts';
import { perTick } from '../training/perTick.ts';
import type { Adaptation } from '../types.ts';

export interface AdaptationOptions {
  /** Steps after each settled prediction. */
  steps: number;
  /** Learning rate of Adam. */
  rate: number;
  /** Ticks through which gradients are carried back, of a stateful model. */
  ticks: number;
}

/** Latest settled predictions over which it is compared with the frozen copy, and how many there must be. */
const COMPARED = 250;
const LEAST = 50;
/** Standard errors by which the copy's squared errors must be smaller on average. */
const CHANCE = 3;

export class LiveAdaptation {
  /** Overwritten by `push`. */
  readonly answer: Adaptation;
  readonly #options: AdaptationOptions;
  readonly #spec: ModelSpec;
  /** The models that step the stream, all with the same parameters. */
  readonly #models: readonly Model[];
  readonly #frozen: Model;
  readonly #tape: Tape;
  readonly #loss: Loss;
  readonly #optimizer: Optimizer;
  readonly #begun: ReturnType<Optimizer['state']>;
  readonly #start: Float32Array;
  readonly #windowed: boolean;
  /** Event time (ms) of the newest tick that the file knows. */
  readonly #from: number;
  /** Rings: what came in (F) and what arrived at the last K + horizon ticks, and the state before each of them. */
  readonly #rows: number;
  readonly #inputs: Float32Array;
  readonly #arrived: Float64Array;
  /** The segment that is learnt from (K, F). */
  readonly #window: Float32Array;
  readonly #states: (Snapshot | null)[];
  /** What the copy said for the next ticks. */
  readonly #predictions: Float64Array;
  /** Squared errors of both, a ring of the latest. */
  readonly #own: Float64Array;
  readonly #its: Float64Array;
  #index = -1;
  #time = Number.NaN;

  /**
   * @param models are given each new weight; built with `learns`
   * @param window T of a windowed run; null: stateful
   * @throws ConfigError for a model that cannot be trained, or does not say one value of its target
   */
  constructor(
    kernels: Kernels,
    spec: ModelSpec,
    options: AdaptationOptions,
    models: readonly Model[],
    window: number | null,
  ) {
    const reason = whyNot(spec);
    if (reason) throw new ConfigError(invalid('adapt', spec.name, `a model that can learn from its stream: ${reason}`));
    const { steps, rate } = options;
    if (!(Number.isInteger(steps) && steps >= 1)) throw new ConfigError(invalid('adapt.steps', steps, '1 or more'));
    const K = window ?? options.ticks;
    if (!(Number.isInteger(K) && K >= 1)) throw new ConfigError(invalid('adapt.ticks', K, '1 or more'));
    this.#options = options;
    this.#spec = spec;
    this.#models = models;
    this.#windowed = window !== null;
    this.#from = knownUntil(spec);
    this.#frozen = new Model(kernels, spec, { window });
    const learner = this.#windowed ? spec : perTick(spec);
    const probability = endsIn(spec) === 'sigmoid';
    const score = probability ? 'logit' : 'raw';
    this.#tape = new Tape(kernels, learner, { branches: 1, ticks: K, score, learns: true });
    const kind = probability ? 'binary-crossentropy' : 'mse';
    this.#loss = new Loss(this.#tape.arena, { kind }, this.#tape.scored(!this.#windowed), 1, 1);
    this.#optimizer = new Optimizer(this.#tape.arena, this.#tape.parameters!, { rate });
    this.#tape.attach();
    this.#begun = this.#optimizer.state();
    this.#start = this.#tape.parameters!.values.slice();
    this.#rows = K + spec.horizon;
    this.#inputs = new Float32Array(this.#rows * spec.inputs);
    this.#arrived = new Float64Array(this.#rows);
    this.#window = new Float32Array(K * spec.inputs);
    this.#states = new Array(this.#windowed ? 0 : this.#rows).fill(null);
    this.#predictions = new Float64Array(spec.horizon);
    this.#own = new Float64Array(COMPARED);
    this.#its = new Float64Array(COMPARED);
    const none = { frozen: Number.NaN, frozenPredicted: Number.NaN, error: Number.NaN, frozenError: Number.NaN };
    this.answer = { on: true, stoppedAt: null, settled: 0, ...none };
    this.reset();
  }

  /** Bytes of its arenas: constant. */
  get bytes(): number {
    return this.#frozen.bytes + this.#tape.bytes;
  }

  /** What has been learnt so far, in the order of `Parameters`; of a model that learns no more what it began with. */
  get values(): Float32Array {
    return this.#tape.parameters!.values;
  }

  /**
   * The next tick, before the models take it.
   * @param time its event time, ms
   * @param x what comes in (F)
   * @param arrived and what had been `predicted` for it: NaN where either is not known
   */
  push(time: number, x: ArrayLike<number>, arrived: number, predicted: number): void {
    const { answer } = this;
    const index = ++this.#index;
    this.#time = time;
    const turn = index % this.#predictions.length;
    this.#arrived[index % this.#rows] = arrived;
    answer.frozenPredicted = this.#predictions[turn]!;
    if (time > this.#from && Number.isFinite(arrived - predicted)) {
      this.#compare(arrived - predicted, arrived - answer.frozenPredicted);
      if (answer.on) this.#learn();
    }
    this.#inputs.set(x, (index % this.#rows) * this.#spec.inputs);
    if (!this.#windowed) this.#states[index % this.#rows] = this.#models[0]!.snapshot();
    answer.frozen = this.#say(x);
    this.#predictions[turn] = answer.frozen;
  }

  /** As before the first tick, with the weights of the model's file. */
  reset(): void {
    this.#index = -1;
    this.#frozen.reset();
    this.#states.fill(null);
    this.#arrived.fill(Number.NaN);
    this.#predictions.fill(Number.NaN);
    Object.assign(this.answer, { on: true, stoppedAt: null, settled: 0, error: Number.NaN, frozenError: Number.NaN });
    this.#forget();
  }

  /** What the frozen copy says of this tick; NaN while its window is not complete. */
  #say(x: ArrayLike<number>): number {
    const target = this.#spec.target!.output;
    if (!this.#windowed) return this.#frozen.stepOne(x)[target]!;
    const K = this.#tape.ticks;
    if (this.#index < K - 1) return Number.NaN;
    this.#frozen.reset();
    for (let i = this.#index - K + 1; i <= this.#index; i++) this.#frozen.stepOne(this.#input(i));
    return this.#frozen.output(0)[target]!;
  }

  /** Steps on the segment whose last tick was just settled. */
  #learn(): void {
    const { ticks: K } = this.#tape;
    const { horizon, inputs: F } = this.#spec;
    const first = this.#index - horizon - K + 1;
    if (first < 0) return;
    const rows = this.#loss.rows;
    for (let r = 0; r < rows; r++) {
      const value = this.#arrived[(this.#index - rows + 1 + r) % this.#rows]!;
      if (!Number.isFinite(value)) return;
      this.#loss.targets[r] = value;
    }
    for (let k = 0; k < K; k++) this.#window.set(this.#input(first + k), k * F);
    this.#tape.put(0, this.#window, 0);
    if (!this.#windowed) this.#tape.begin([], this.#states[first % this.#rows]!);
    for (let step = 0; step < this.#options.steps; step++) {
      this.#tape.run(1);
      let loss = 0;
      this.#tape.descend(() => {
        loss = this.#loss.run(1);
      });
      const norm = this.#optimizer.norm();
      if (!Number.isFinite(loss + norm)) {
        this.#stop();
        return;
      }
      this.#optimizer.step(norm, this.#options.rate);
    }
    this.#tell();
  }

  /** Counts a settled prediction, and ends it all where it has made things worse. */
  #compare(error: number, frozenError: number): void {
    if (!Number.isFinite(frozenError)) return;
    const { answer } = this;
    const place = answer.settled++ % COMPARED;
    this.#own[place] = error * error;
    this.#its[place] = frozenError * frozenError;
    const n = Math.min(answer.settled, COMPARED);
    let [own, its] = [0, 0];
    for (let i = 0; i < n; i++) {
      own += this.#own[i]!;
      its += this.#its[i]!;
    }
    answer.error = Math.sqrt(own / n);
    answer.frozenError = Math.sqrt(its / n);
    const worse = (own - its) / n;
    if (!answer.on || n < LEAST || !(worse > 0)) return;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const off = this.#own[i]! - this.#its[i]! - worse;
      squares += off * off;
    }
    if (worse > CHANCE * Math.sqrt(squares / (n - 1) / n)) this.#stop();
  }

  #stop(): void {
    this.answer.on = false;
    this.answer.stoppedAt = this.#time;
    this.#forget();
  }

  /** The weights of the model's file. */
  #forget(): void {
    this.values.set(this.#start);
    this.#tape.parameters!.write();
    this.#optimizer.restore(this.#begun);
    this.#tell();
  }

  /** Gives the models the weights. */
  #tell(): void {
    for (const { parameters } of this.#models) {
      parameters!.values.set(this.values);
      parameters!.write();
    }
  }

  #input(index: number): Float32Array {
    const at = (index % this.#rows) * this.#spec.inputs;
    return this.#inputs.subarray(at, at + this.#spec.inputs);
  }
}

function whyNot(spec: ModelSpec): string | null {
  if (!spec.target) return 'it names no target';
  if (spec.outputs.length > 1) return `it has ${spec.outputs.length} outputs`;
  return whyNoTraining(spec);
}

/** When the data ended that it was trained on or chosen by, as far as it says; ms. */
function knownUntil({ provenance }: ModelSpec): number {
  const times = [provenance?.trainedUntil, provenance?.validatedUntil].filter((time) => typeof time === 'number');
  return Math.max(Number.NEGATIVE_INFINITY, ...times);
}

/** The activation with which a model ends. */
function endsIn({ layers }: ModelSpec): string {
  const last = layers.findLast(({ kind }) => !PASSES.includes(kind));
  return last && 'activation' in last ? (last.activation ?? 'linear') : 'linear';
}

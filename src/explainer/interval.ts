/** The interval beside each prediction of one stream, and what the intervals before it held. */
import { Conformal, type ConformalOptions } from '../conformal.ts';
import { isEvent } from '../features/index.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { Saved, Saves } from '../saved.ts';
import type { PredictionInterval } from '../types.ts';

export interface IntervalOptions extends Pick<ConformalOptions, 'coverage'> {}

/** Whether a model says a value that an interval may be around: it names its target, and that is no event. */
export function saysValue({ target }: Pick<ModelSpec, 'target'>): boolean {
  return target !== null && !isEvent(target.expression);
}

/** Settles each interval when what it is about arrives, and says the next one. */
export class LiveInterval implements Saves {
  /** Overwritten by `push`. */
  readonly answer: PredictionInterval;
  readonly #conformal: Conformal;
  readonly #start: Float32Array | null;
  /** Rings of what was said for the next ticks. */
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  #turn = 0;
  #held = 0;

  /** @throws ConfigError for a coverage out of range */
  constructor({ coverage }: IntervalOptions, { horizon, errors = null }: Pick<ModelSpec, 'horizon' | 'errors'>) {
    this.#conformal = new Conformal({ coverage });
    this.#start = errors;
    this.#low = new Float64Array(Math.max(1, horizon));
    this.#high = new Float64Array(this.#low.length);
    const none = { low: Number.NaN, high: Number.NaN, predictedLow: Number.NaN, predictedHigh: Number.NaN };
    this.answer = { coverage, ...none, held: null, settled: 0, realised: Number.NaN };
    this.reset();
  }

  /**
   * The next tick.
   * @param arrived and what had been `predicted` for it: NaN where either is not known
   * @param prediction what the model says now; NaN: nothing
   */
  push(arrived: number, predicted: number, prediction: number): void {
    const { answer } = this;
    const turn = this.#turn++ % this.#low.length;
    const [low, high] = [this.#low[turn]!, this.#high[turn]!];
    answer.predictedLow = low;
    answer.predictedHigh = high;
    answer.held = null;
    const error = arrived - predicted;
    if (Number.isFinite(error)) {
      if (Number.isFinite(low)) {
        answer.held = low <= arrived && arrived <= high;
        answer.settled++;
        if (answer.held) this.#held++;
        answer.realised = this.#held / answer.settled;
      }
      this.#conformal.update(error);
    }
    const { below, above } = this.#conformal.reach;
    answer.low = prediction - below;
    answer.high = prediction + above;
    this.#low[turn] = answer.low;
    this.#high[turn] = answer.high;
  }

  save(): Saved {
    const { settled, realised } = this.answer;
    const [low, high] = [this.#low.slice(), this.#high.slice()];
    return { conformal: this.#conformal.save(), low, high, turn: this.#turn, held: this.#held, settled, realised };
  }

  load(saved: Saved): void {
    const { conformal, low, high, turn, held, settled, realised } = saved as Record<
      'turn' | 'held' | 'settled' | 'realised',
      number
    > &
      Record<'low' | 'high', Float64Array> & { conformal: Saved };
    this.#conformal.load(conformal);
    this.#low.set(low);
    this.#high.set(high);
    this.#turn = turn;
    this.#held = held;
    Object.assign(this.answer, { settled, realised });
  }

  /** As before the first tick. */
  reset(): void {
    this.#conformal.reset();
    this.#start?.forEach((error) => {
      this.#conformal.update(error);
    });
    this.#low.fill(Number.NaN);
    this.#high.fill(Number.NaN);
    this.#turn = 0;
    this.#held = 0;
    Object.assign(this.answer, { held: null, settled: 0, realised: Number.NaN });
  }
}

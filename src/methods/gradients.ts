import { Tape } from '../model/tape.ts';
import { whyWindowed } from '../model/wiring.ts';
import type { Question, Run } from './method.ts';
import { occlude } from './occlude.ts';
import { flat, pause } from './worlds.ts';

/** Windows that are run at once, and ticks of all of them: what a tape keeps is some ten floats a unit and tick. */
const AT_ONCE = 96;
const TICKS_AT_ONCE = 1 << 14;

/**
 * Gradients at many points: windows like the question's, whose cells hold other values. Ticks before the window are constants:
 * a state where the model takes one tick at a time, else the first ticks of the windows.
 */
export class Gradients {
  /** Outputs of a window. */
  readonly outputs: number;
  /** Branch-ticks stepped, both ways. */
  evaluations = 0;
  readonly #tape: Tape;
  readonly #most: number;
  readonly #head: Float32Array;
  readonly #length: number;

  /** @param points how many there will be @throws ConfigError for a model through which no gradient passes */
  constructor(question: Question, points: number) {
    const { kernels, spec, score, before, ticks, start } = question;
    const F = spec.inputs;
    const whole = whyWindowed(spec) !== null;
    this.#head = whole ? flat(before, F) : new Float32Array(0);
    this.#length = this.#head.length + ticks.length * F;
    this.#most = Math.max(1, Math.min(points, AT_ONCE, Math.floor(TICKS_AT_ONCE / (this.#length / F))));
    this.#tape = new Tape(kernels, spec, {
      branches: this.#most,
      ticks: this.#length / F,
      score,
      window: this.#length / F,
    });
    if (!whole) this.#tape.begin(before, start);
    this.outputs = spec.outputs.length;
  }

  /**
   * Calls back for each of `count` points.
   * @param write writes point n's window (K, F)
   * @param read takes its outputs (O), and for each target d output / d cell (K, F), in views
   */
  async at(
    count: number,
    targets: readonly number[],
    write: (n: number, window: Float32Array) => void,
    read: (n: number, outputs: Float32Array, gradients: readonly Float32Array[]) => void,
    run: Run = {},
  ): Promise<void> {
    const [each, head] = [this.#length, this.#head.length];
    const windows = new Float32Array(this.#most * each);
    for (let from = 0; from < count; from += this.#most) {
      if (from > 0) await pause();
      run.signal?.throwIfAborted();
      run.progress?.(from, count);
      const n = Math.min(this.#most, count - from);
      for (let i = 0; i < n; i++) {
        windows.set(this.#head, i * each);
        write(from + i, windows.subarray(i * each + head, (i + 1) * each));
      }
      const outputs = this.#tape.forward(windows.subarray(0, n * each), n);
      const gradients = targets.map((target) => this.#tape.backward(target));
      this.evaluations += n * this.#tape.ticks * (1 + targets.length);
      for (let i = 0; i < n; i++) {
        read(
          from + i,
          outputs.subarray(i * this.outputs, (i + 1) * this.outputs),
          gradients.map((all) => all.subarray(i * each + head, (i + 1) * each)),
        );
      }
    }
    run.progress?.(count, count);
  }
}

/** The question's window (K, F) with every cell at its baseline. */
export function baselineWindow(question: Question): Float32Array {
  const window = flat(question.ticks, question.spec.inputs);
  occlude(question, new Uint8Array(window.length).fill(1), window);
  return window;
}

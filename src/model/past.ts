/** The state that the ticks before a window leave behind. */
import type { Arena, Kernels } from '../kernels.ts';
import { type Batch, floats, pad, type Rows } from './layers/layer.ts';
import { Plan, type Snapshot } from './plan.ts';
import type { Wired } from './wiring.ts';

/** One branch of a model that takes one tick at a time, in an arena of its own. */
export class Past {
  readonly #arena: Arena;
  readonly #plan: Plan;
  readonly #input: Float32Array;
  readonly #batch: Batch;

  /** @param inputs F */
  constructor(kernels: Kernels, wired: readonly Wired[], inputs: number) {
    const arena = kernels.arena();
    const input: Rows = { at: arena.alloc(4 * pad(inputs)), stride: pad(inputs), mask: 0, maskStride: 0 };
    // of one branch and one row the lists are zeros
    const [slots, inputRow, rows] = [arena.alloc(4), arena.alloc(4), arena.alloc(4)];
    this.#arena = arena;
    this.#batch = { slots, n: 1, inputRow, rows, R: 1 };
    this.#plan = new Plan(wired, { arena, B: 1, R: 1, T: 0, input, inputs });
    this.#input = floats(arena, input.at, inputs);
  }

  /**
   * Steps from a state.
   * @param ticks F values each
   * @param start null: zero
   * @returns the state arrays of each layer that keeps some, in the order of the layers, and the newest rows of those that are
   *   rings
   */
  run(
    ticks: readonly Float32Array[],
    start: Snapshot | null = null,
  ): { states: Float32Array[][]; rings: readonly number[] } {
    this.#plan.reset();
    if (start) this.#plan.restore(start);
    for (const [t, x] of ticks.entries()) {
      this.#input.set(x);
      this.#plan.step(this.#batch, t);
    }
    const states = this.#plan.states.map((arrays) =>
      arrays.map(({ at, units }) => floats(this.#arena, at, units).slice()),
    );
    return { states, rings: this.#plan.snapshot(0).rings };
  }
}

/**
 * Rolling occlusion: at every tick the exact effect of every feature at every one of the last K ticks, for one batched step.
 *
 * For a past tick r and a group g of features, the counterfactual stream equals the real one but for x_r, whose features in g
 * hold the baseline. It is a branch: forked from branch 0 just before r, given the occluded x_r, and from then on stepped with
 * the very inputs that branch 0 gets. Nothing is ever re-run. Groups are every single feature (a *cell*) and all of them (an
 * *event*): F + 1 branches a tick, K ticks long.
 *
 *     A_t[r, g] = y_t - y_t^(r,g)
 *
 * Ring of slots: branch (r, g) lives in slot 1 + (r mod K)(F + 1) + g; slot 0 is the world as observed.
 *
 * Forgetting (eps > 0): a branch whose whole state has come within eps of branch 0 is settled: its effect is 0 from then on.
 * For a linear head the effect is at most sum|w| eps at that moment; whether it stays so depends on the model, so one settled
 * branch in a hundred is stepped on and watched (`audit`). Which ones depends on their own tick and group alone, so that a bank
 * that is filled anew from an earlier state is the same. eps = 0 keeps every branch for K ticks.
 */
import type { Model } from '../model/graph.ts';

export interface RollingOcclusionOptions {
  /** K, ticks explained. */
  window: number;
  /** Distance of states below which a branch is settled; 0 keeps all. */
  eps: number;
  /** Which output is explained. */
  target: number;
}

const AUDIT_EVERY = 100;
/** Has no divisor in common with the above: every group is watched at some tick. */
const AUDIT_STRIDE = 37;

/** Branches and distinct inputs that a bank of K ticks and F features needs. */
export function bankSize(window: number, features: number): { branches: number; inputRows: number } {
  return { branches: 1 + window * (features + 1), inputRows: features + 2 };
}

export class RollingOcclusion {
  readonly window: number;
  /** Cells (K, F) and events (K) after the last push, oldest tick first; rows before the first tick are 0. */
  readonly values: Float32Array;
  readonly events: Float32Array;
  /** Ticks in the window so far, at most K. */
  filled = 0;
  /** Branches stepped so far, branch 0 included. */
  evaluations = 0;
  /** Settled branches that were watched, and the largest effect one of them had after it was settled. */
  readonly audit = { watched: 0, largest: 0 };

  readonly #model: Model;
  readonly #eps: number;
  readonly #target: number;
  /** Slots that are watched though settled. */
  readonly #watched: Uint8Array;
  #ticks = 0;
  #live = 0;

  /** @param model with room for `bankSize` branches; it belongs to the bank from now on */
  constructor(model: Model, { window, eps, target }: RollingOcclusionOptions) {
    this.#model = model;
    this.window = window;
    this.#eps = eps;
    this.#target = target;
    this.values = new Float32Array(window * model.inputs);
    this.events = new Float32Array(window);
    this.#watched = new Uint8Array(model.slots.length);
  }

  /** Branches alive, branch 0 left out. */
  get live(): number {
    return this.#live;
  }

  /** Age in ticks of the oldest branch alive, 1 for one of the newest tick: how far back the model still remembers. */
  get memory(): number {
    const { slots } = this.#model;
    for (let b = 1; b <= this.#live; b++) if (!this.#watched[slots[b]!]) return this.#age(slots[b]!) + 1;
    return 0;
  }

  /** Ticks since the branch of a slot was forked. */
  #age(slot: number): number {
    const at = Math.floor((slot - 1) / (this.#model.inputs + 1));
    return (((this.#ticks - 1) % this.window) - at + this.window) % this.window;
  }

  /**
   * The next tick.
   * @param x observed input (F) @param baseline what its occluded features hold (F)
   * @param answer false inside a window whose last tick alone is explained: branches are stepped, effects are not taken
   */
  push(x: ArrayLike<number>, baseline: ArrayLike<number>, answer = true): void {
    const model = this.#model;
    const { slots, inputRow } = model;
    const groups = model.inputs + 1;
    const first = 1 + (this.#ticks % this.window) * groups;

    // the tick that leaves the window gives its slots to the one that enters
    let carried = this.#live;
    if (this.filled === this.window) {
      let retired = 0;
      while (retired < carried && slots[1 + retired]! >= first && slots[1 + retired]! < first + groups) retired++;
      slots.copyWithin(1, 1 + retired, 1 + carried);
      carried -= retired;
    }
    model.effect.fill(0);
    this.#watched.fill(0, first, first + groups);

    slots[0] = 0;
    inputRow.fill(0, 0, 1 + carried);
    for (let g = 0; g < groups; g++) {
      slots[1 + carried + g] = first + g;
      inputRow[1 + carried + g] = 1 + g;
    }
    model.input.set(x);
    model.baseline.set(baseline);
    model.fork(0, first, groups);
    model.spread();
    const n = 1 + carried + groups;
    model.step(n, 1 + groups);
    if (answer) model.difference(n, this.#target);

    this.#live = carried + groups;
    this.#ticks++;
    this.filled = Math.min(this.filled + 1, this.window);
    this.evaluations += n;
    if (this.#eps > 0) this.#settle();
    if (answer) this.#collect();
  }

  /** The effects of the last tick on another output: `values` and `events` are its from here to the next push. */
  answerFor(target: number): void {
    const alive = 1 + this.#live;
    this.#model.effect.fill(0);
    this.#model.difference(alive, target);
    for (let b = 1; b < alive; b++)
      if (this.#watched[this.#model.slots[b]!]) this.#model.effect[this.#model.slots[b]!] = 0;
    this.#collect();
  }

  /** Empties the window and sets the state to zero. @param next number of the tick that comes next */
  reset(next = 0): void {
    this.#model.reset();
    this.#model.effect.fill(0);
    this.#watched.fill(0);
    this.values.fill(0);
    this.events.fill(0);
    this.#ticks = next;
    this.#live = 0;
    this.filled = 0;
    this.evaluations = 0;
    this.audit.watched = 0;
    this.audit.largest = 0;
  }

  #settle(): void {
    const model = this.#model;
    const { slots, effect } = model;
    const watched = this.#watched;
    const far = model.settle(1 + this.#live, this.#eps);
    let alive = 1;
    for (let b = 1; b <= this.#live; b++) {
      const slot = slots[b]!;
      if (watched[slot]) {
        this.audit.largest = Math.max(this.audit.largest, Math.abs(effect[slot]!));
        effect[slot] = 0;
      } else if (!far[b]) {
        const forked = this.#ticks - 1 - this.#age(slot);
        const group = (slot - 1) % (model.inputs + 1);
        if ((forked + AUDIT_STRIDE * group) % AUDIT_EVERY !== 0) continue;
        watched[slot] = 1;
        this.audit.watched++;
      }
      slots[alive++] = slot;
    }
    this.#live = alive - 1;
  }

  /** Ring to rows, oldest first. A slot that was settled in an earlier tick has the effect 0. */
  #collect(): void {
    const { effect, inputs: F } = this.#model;
    const K = this.window;
    this.values.fill(0);
    this.events.fill(0);
    const oldest = this.#ticks - this.filled;
    for (let k = 0; k < this.filled; k++) {
      const slot = 1 + ((oldest + k) % K) * (F + 1);
      const row = K - this.filled + k;
      for (let f = 0; f < F; f++) this.values[row * F + f] = effect[slot + f]!;
      this.events[row] = effect[slot + F]!;
    }
  }
}

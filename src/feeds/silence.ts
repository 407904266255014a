import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';

/** Watches one connection for silence: says when it is stale, when it is awake again, and when it should be given up. */
export class Silence {
  readonly #scheduler: SchedulerLike;
  readonly #after: number;
  readonly #on: { stale: () => void; awake: () => void; end: (reason: string) => void };
  #lastHeard = 0;
  #stale = false;

  /** @param after ms of silence that are stale; twice as long is the end; 0: never */
  constructor(
    scheduler: SchedulerLike,
    after: number,
    on: { stale: () => void; awake: () => void; end: (reason: string) => void },
  ) {
    this.#scheduler = scheduler;
    this.#after = after;
    this.#on = on;
  }

  /** From now on. Looks at the clock, not at every message: one timer is due at a time, whatever the rate. */
  start(): Subscription | null {
    this.#lastHeard = this.#scheduler.now();
    if (this.#after <= 0) return null;
    const silence = this;
    return this.#scheduler.schedule(function (this: SchedulerAction<unknown>) {
      silence.#look(this);
    }, this.#after);
  }

  /** Something was heard. */
  heard(): void {
    this.#lastHeard = this.#scheduler.now();
    if (!this.#stale) return;
    this.#stale = false;
    this.#on.awake();
  }

  #look(action: SchedulerAction<unknown>): void {
    const [after, since] = [this.#after, this.#scheduler.now() - this.#lastHeard];
    if (since >= 2 * after) {
      this.#on.end(`silent for ${(2 * after) / 1000} s`);
      return;
    }
    if (since >= after && !this.#stale) {
      this.#stale = true;
      this.#on.stale();
    }
    action.schedule(undefined, (this.#stale ? 2 : 1) * after - since);
  }
}

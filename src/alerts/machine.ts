import type { Clock, SavedTimer, Timers } from '../clock.ts';
import type { Saved } from '../saved.ts';
import type { AlertState, AlertTransition } from '../types.ts';

/** What makes a rule fire: something true at one tick only. */
export interface Pulse {
  index: number;
  time: number;
  value: number;
  direction: 'up' | 'down' | null;
}

export interface MachineOptions {
  rule: string;
  severity: 'critical' | 'warning';
  /** Seconds after the last pulse at which it is normal again. */
  keepFiringFor: number;
}

/**
 * The states of one alert rule: normal -> firing at a pulse, firing -> normal when `keepFiringFor` seconds passed
 * without another. A pulse while firing only starts the wait again.
 *
 * The transition to normal carries the index and time of the latest tick (`at`), since a timer has no event time.
 */
export class Machine {
  readonly #options: MachineOptions;
  readonly #timers: Timers;
  readonly #emit: (transition: AlertTransition) => void;
  #state: AlertState = 'normal';
  #pulse: Pulse | null = null;
  #latest = { index: 0, time: 0 };
  #cancel: () => void = () => {};
  readonly #calm = (): void => this.#go('normal');

  /** @param emit is given every transition, also those that a timer makes */
  constructor(options: MachineOptions, timers: Timers, emit: (transition: AlertTransition) => void) {
    this.#options = options;
    this.#timers = timers;
    this.#emit = emit;
  }

  get state(): AlertState {
    return this.#state;
  }

  /** A tick came: what a later transition to normal is dated with. */
  at(index: number, time: number): void {
    this.#latest = { index, time };
  }

  pulse(pulse: Pulse): void {
    this.#cancel();
    this.#pulse = pulse;
    this.#latest = { index: pulse.index, time: pulse.time };
    if (this.#state === 'normal') this.#go('firing');
    this.#cancel = this.#timers.after(this.#options.keepFiringFor, this.#calm);
  }

  /** @param clock the one whose timer it waits for */
  save(clock: Clock): Saved {
    return {
      state: this.#state,
      pulse: this.#pulse && { ...this.#pulse },
      latest: { ...this.#latest },
      timer: clock.timer(this.#calm),
    };
  }

  load(saved: Saved, clock: Clock): void {
    const { state, pulse, latest, timer } = saved as unknown as {
      state: AlertState;
      pulse: Pulse | null;
      latest: { index: number; time: number };
      timer: SavedTimer | null;
    };
    this.#state = state;
    this.#pulse = pulse;
    this.#latest = latest;
    this.#cancel();
    this.#cancel = timer ? clock.resume(timer, this.#calm) : () => {};
  }

  /** Back to normal at once: a firing rule says so, a normal one says nothing. */
  reset(): void {
    this.#cancel();
    if (this.#state === 'firing') this.#go('normal');
  }

  #go(to: AlertState): void {
    const from = this.#state;
    this.#state = to;
    const { rule, severity } = this.#options;
    const { value, direction } = this.#pulse!;
    this.#emit({ rule, from, to, ...this.#latest, value, direction, severity });
  }
}

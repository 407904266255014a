import { Machine, type RuleConfig } from '../alerts/index.ts';
import type { Clock, SavedTimer } from '../clock.ts';
import { Watch } from '../drift/watch.ts';
import type { Explainer } from '../explainer.ts';
import type { Columns } from '../features/index.ts';
import type { Resampler } from '../feeds/resample.ts';
import type { Saved } from '../saved.ts';
import type { AlertTransition, DriftEvent, Explanation, Tick } from '../types.ts';
import type { Order } from './order.ts';
import { type ReadSignal, signal, type Watchable } from './signal.ts';

/** What the rules of a lane found at one tick. */
export interface Found {
  /** The standardised residual; NaN without a rule on it, or too early. */
  sigma: number;
  /** The detector closest to its threshold, as a share of it; NaN without one. */
  drift: number;
  drifts: DriftEvent[];
}

interface Rule {
  config: RuleConfig;
  read: ReadSignal;
  watch: Watch;
  machine: Machine;
}

/** Everything that belongs to one stream (key) of a feed: its order, its model's state, its detectors and rules. */
export class Lane {
  readonly order: Order;
  /** Where ticks become bars; null: they stay what they are. */
  readonly resampler: Resampler | null;
  /** Leaves out ticks for which it is 0; null: none. */
  readonly filter: Columns | null;
  readonly explainer: Explainer | null;
  key = '';
  /** Stamp of the latest tick that a bar was made of, and what is done where a timer waits for its silence. */
  heard = 0n;
  waiting = false;
  look: () => void = () => {};
  gapBefore = false;
  resetBefore = false;
  /** Number of the latest tick among all that the engine took: what timers of this lane date their records with. */
  sequence = 0;
  readonly #rules: Rule[];

  /** @throws ConfigError for a rule on a signal that does not exist */
  constructor(
    explainer: Explainer | null,
    { order, resampler = null, filter = null }: Pick<Lane, 'order'> & Partial<Pick<Lane, 'resampler' | 'filter'>>,
    rules: readonly RuleConfig[],
    watchable: Watchable,
    clock: Clock,
    emit: (alert: AlertTransition, lane: Lane) => void,
  ) {
    this.explainer = explainer;
    this.order = order;
    this.resampler = resampler;
    this.filter = filter;
    this.#rules = rules.map((config) => ({
      config,
      read: signal(config.on, watchable),
      watch: new Watch(config),
      machine: new Machine(
        { rule: config.name, severity: config.severity, keepFiringFor: config.keepFiringFor },
        clock,
        (transition) => emit({ key: this.key, ...transition }, this),
      ),
    }));
  }

  /**
   * Shows a tick to every detector.
   * @param emit is given each drift before the rule that it may set off
   */
  watch(tick: Tick, explanation: Explanation | null, index: number, emit: (drift: DriftEvent) => void): Found {
    const found: Found = { sigma: Number.NaN, drift: Number.NaN, drifts: [] };
    for (const { config, read, watch, machine } of this.#rules) {
      machine.at(index, tick.time);
      const seen = watch.update({ value: read(tick, explanation), index, time: tick.time });
      if (config.on === 'residual' && Number.isNaN(found.sigma)) found.sigma = watch.sigma;
      if (watch.share > found.drift || Number.isNaN(found.drift)) found.drift = watch.share;
      if (!seen) continue;
      const event = { key: this.key, ...seen };
      found.drifts.push(event);
      emit(event);
      if (!tick.history) machine.pulse(event);
    }
    return found;
  }

  /** @param clock the one that its timers are of */
  save(clock: Clock): Saved {
    const { key, heard, gapBefore, resetBefore, sequence } = this;
    return {
      ...{ key, heard, gapBefore, resetBefore, sequence, order: this.order.save(), timer: clock.timer(this.look) },
      ...{ resampler: this.resampler?.save() ?? null, filter: this.filter?.save() ?? null },
      ...{ explainer: this.explainer?.save() ?? null },
      rules: this.#rules.map(({ watch, machine }) => ({ watch: watch.save(), machine: machine.save(clock) })),
    };
  }

  load(saved: Saved, clock: Clock): void {
    const { key, heard, gapBefore, resetBefore, sequence, timer, rules, ...parts } = saved as unknown as {
      key: string;
      heard: bigint;
      gapBefore: boolean;
      resetBefore: boolean;
      sequence: number;
      timer: SavedTimer | null;
      rules: { watch: Saved; machine: Saved }[];
    } & Record<'order' | 'resampler' | 'filter' | 'explainer', Saved>;
    Object.assign(this, { key, heard, gapBefore, resetBefore, sequence, waiting: timer !== null });
    this.order.load(parts.order);
    this.resampler?.load(parts.resampler);
    this.filter?.load(parts.filter);
    this.explainer?.load(parts.explainer);
    if (timer) clock.resume(timer, this.look);
    for (const [i, { watch, machine }] of this.#rules.entries()) {
      watch.load(rules[i]!.watch);
      machine.load(rules[i]!.machine, clock);
    }
  }

  reset(): void {
    this.order.reset();
    this.resampler?.reset();
    this.filter?.reset();
    this.explainer?.reset();
    for (const { watch, machine } of this.#rules) {
      watch.reset();
      machine.reset();
    }
    this.gapBefore = false;
    this.resetBefore = true;
  }
}

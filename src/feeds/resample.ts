/**
 * Ticks of one stream on a regular grid of event time. A bar [a, a + every) closes when the stream's newest event time reaches
 * its end plus the allowed lateness, or when nothing has come for as long; bars close in order, and one without a tick is said
 * to be empty.
 */
import { z } from 'zod';
import { ConfigError, invalid } from '../errors.ts';
import type { Saved, Saves } from '../saved.ts';
import type { Tick } from '../types.ts';

const UNITS: Readonly<Record<string, number>> = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };
const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** `250ms`, `1s`, `5m`, `1h`, `1d`, or seconds: in seconds, so that what was read can be read again. */
const duration = z.union([z.number(), z.string()]).transform((value, context) => {
  const match = typeof value === 'string' ? DURATION.exec(value) : null;
  const seconds = typeof value === 'number' ? value : match ? Number(match[1]) * UNITS[match[2]!]! : Number.NaN;
  if (seconds >= 0 && seconds <= 366 * UNITS.d!) return seconds;
  context.addIssue({ code: 'custom', message: 'a duration such as 250ms, 1s, 5m, 1h or 1d, or seconds' });
  return z.NEVER;
});

/** To the microsecond: 0.007 s are 7 ms. */
function ms(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

const AGGREGATES = ['first', 'last', 'min', 'max', 'sum', 'mean', 'count'] as const;
type Aggregate = (typeof AGGREGATES)[number];
const BAR = new RegExp(`^(${AGGREGATES.join('|')})\\(([^()]+)\\)$`);

export const resampleSchema = z.strictObject({
  every: duration.refine((seconds) => seconds >= 1e-3, { error: 'at least 1ms' }),
  /** Columns of a bar, such as `first(price)`; default: the last value of every column. */
  bars: z
    .record(
      z.string().regex(/^(?!(?:__proto__|constructor|prototype)$)[^`]{1,200}$/),
      z.string().regex(BAR, { error: `one of ${AGGREGATES.map((name) => `${name}(column)`).join(', ')}` }),
    )
    .optional(),
  /** How far behind the newest tick another may come. */
  lateness: duration.default(0),
  /** Where the grid lies: a bar begins this long after midnight, 1970-01-01 UTC. */
  anchor: duration.default(0),
  /** A bar without a tick: nothing is fed, and it is drawn as a gap; or the last bar's values, marked as held. */
  empty: z.enum(['mask', 'hold']).default('mask'),
  /** A tick of a bar that is closed: counted, or its bar is said again, with a mark; what came of it is not computed anew. */
  late: z.enum(['drop', 'revise']).default('drop'),
  /** A bar that is said again: the model's state stays, or is made anew of the latest K bars, the corrected one among them. */
  revise: z.enum(['keep', 'rewind']).default('keep'),
});

export type ResampleConfig = z.infer<typeof resampleSchema>;

/** One column of a bar. */
interface Column {
  name: string;
  of: string;
  aggregate: Aggregate;
}

interface Bar {
  /** Event time of its beginning, ms. */
  at: number;
  /** Event times of its earliest and its latest tick: they need not come in order. */
  earliest: number;
  latest: number;
  count: number;
  /** One number a column; sums of means. */
  values: Float64Array;
  history: boolean;
  held: Set<string>;
}

/** Bars that may be empty one after another; a longer hole is one gap. */
const MOST_EMPTY = 1000;

/** What came of a tick. */
export interface Closed {
  /** Bars, in order: `tick.empty` marks one without a tick, `tick.revised` one that had been closed before. */
  bars: Tick[];
  /** It came too late for its bar. */
  late: boolean;
  /** A hole of more than 1,000 empty bars, which are not listed. */
  hole: boolean;
}

/** Most ticks close nothing. */
const NOTHING: Closed = { bars: [], late: false, hole: false };

export class Resampler implements Saves {
  /** Columns of its bars. */
  readonly columns: readonly string[];
  /** Ms after the last tick at which what is open closes by itself. */
  readonly patience: number;
  /** Its durations in ms. */
  readonly #config: ResampleConfig;
  readonly #columns: readonly Column[];
  /** By their beginning. */
  readonly #open = new Map<number, Bar>();
  #newest = Number.NEGATIVE_INFINITY;
  /** Everything before it is closed; NaN before the first tick. */
  #closed = Number.NaN;
  /** The bar that was closed last, for revisions and holding. */
  #last: { bar: Bar; values: Record<string, number> } | null = null;

  /** @param raw columns of the ticks @throws ConfigError for a bar of a column that is none */
  constructor(config: ResampleConfig, raw: readonly string[]) {
    const [every, lateness, anchor] = [ms(config.every), ms(config.lateness), ms(config.anchor)];
    this.#config = { ...config, every, lateness, anchor };
    this.patience = every + lateness;
    const bars = Object.entries(config.bars ?? Object.fromEntries(raw.map((name) => [name, `last(${name})`])));
    this.#columns = bars.map(([name, text]) => {
      const [, aggregate, of] = (BAR.exec(text) ?? ['', 'last', text.slice(5, -1)]) as [string, Aggregate, string];
      if (!raw.includes(of))
        throw new ConfigError(invalid(`mapping.resample.bars.${name}`, text, `one of the columns ${raw.join(', ')}`));
      return { name, of, aggregate };
    });
    this.columns = bars.map(([name]) => name);
  }

  push(tick: Tick): Closed {
    const { every, lateness, anchor, late } = this.#config;
    const at = Math.floor((tick.time - anchor) / every) * every + anchor;
    if (Number.isNaN(this.#closed)) this.#closed = at;
    if (at < this.#closed) {
      if (late === 'drop' || this.#last?.bar.at !== at) return { bars: [], late: true, hole: false };
      this.#add(this.#last.bar, tick);
      this.#last.values = this.#valuesOf(this.#last.bar);
      return { bars: [{ ...this.#tickOf(this.#last.bar, tick.key), revised: true }], late: true, hole: false };
    }
    let bar = this.#open.get(at);
    if (!bar) {
      const values = new Float64Array(this.#columns.length);
      const [earliest, latest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      bar = { at, earliest, latest, count: 0, values, history: false, held: new Set() };
      this.#open.set(at, bar);
    }
    this.#add(bar, tick);
    this.#newest = Math.max(this.#newest, tick.time);
    // bars whose end plus lateness is reached
    const until = Math.floor((this.#newest - lateness - anchor) / every) * every + anchor;
    return until > this.#closed ? this.#close(until, tick.key) : NOTHING;
  }

  /** Nothing has come for long: what is open closes. */
  flush(key: string): Closed {
    const latest = Math.max(...this.#open.keys());
    return this.#open.size === 0 ? NOTHING : this.#close(latest + this.#config.every, key);
  }

  /** Whether something waits to be closed. */
  get waits(): boolean {
    return this.#open.size > 0;
  }

  save(): Saved {
    const last = this.#last && { bar: saveBar(this.#last.bar), values: Object.entries(this.#last.values) };
    return { open: [...this.#open.values()].map(saveBar), newest: this.#newest, closed: this.#closed, last };
  }

  load(saved: Saved): void {
    const { open, newest, closed, last } = saved as unknown as {
      open: SavedBar[];
      newest: number;
      closed: number;
      last: { bar: SavedBar; values: [string, number][] } | null;
    };
    this.#open.clear();
    for (const bar of open) this.#open.set(bar.at, loadBar(bar));
    this.#newest = newest;
    this.#closed = closed;
    this.#last = last && { bar: loadBar(last.bar), values: Object.fromEntries(last.values) };
  }

  reset(): void {
    this.#open.clear();
    this.#newest = Number.NEGATIVE_INFINITY;
    this.#closed = Number.NaN;
    this.#last = null;
  }

  #close(until: number, key: string): Closed {
    const { every } = this.#config;
    const bars: Tick[] = [];
    const hole = (until - this.#closed) / every > MOST_EMPTY + this.#open.size;
    for (let at = this.#closed; at < until; at += every) {
      const bar = this.#open.get(at);
      if (!bar && hole) {
        // on to the next one that has something
        const next = Math.min(until, ...[...this.#open.keys()].filter((start) => start > at));
        at = next - every;
        continue;
      }
      if (bar) {
        this.#open.delete(at);
        this.#last = { bar, values: this.#valuesOf(bar) };
        bars.push(this.#tickOf(bar, key));
      } else bars.push(this.#emptyAt(at, key));
    }
    if (until > this.#closed) this.#closed = until;
    return { bars, late: false, hole };
  }

  #add(bar: Bar, { time, values, held, history }: Tick): void {
    const only = bar.count++ === 0;
    const first = time < bar.earliest;
    const last = time >= bar.latest;
    if (first) bar.earliest = time;
    if (last) {
      bar.latest = time;
      bar.history = history === true;
    }
    if (held) for (const name of held) bar.held.add(name);
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++) {
      const { of, aggregate } = columns[i]!;
      const value = values[of]!;
      const before = bar.values[i]!;
      if (aggregate === 'count') bar.values[i] = bar.count;
      else if (only || (first && aggregate === 'first') || (last && aggregate === 'last')) bar.values[i] = value;
      else if (aggregate === 'min') bar.values[i] = Math.min(before, value);
      else if (aggregate === 'max') bar.values[i] = Math.max(before, value);
      else if (aggregate === 'sum' || aggregate === 'mean') bar.values[i] = before + value;
    }
  }

  #valuesOf({ values, count }: Bar): Record<string, number> {
    return Object.fromEntries(
      this.#columns.map(({ name, aggregate }, i) => [name, aggregate === 'mean' ? values[i]! / count : values[i]!]),
    );
  }

  #tickOf(bar: Bar, key: string): Tick {
    const held = this.#columns.filter(({ of }) => bar.held.has(of)).map(({ name }) => name);
    return {
      ...{ key, time: bar.at, seq: null, values: this.#valuesOf(bar) },
      ...(held.length > 0 ? { held } : {}),
      ...(bar.history ? { history: true } : {}),
    };
  }

  #emptyAt(at: number, key: string): Tick {
    if (this.#config.empty === 'mask' || !this.#last) return { key, time: at, seq: null, values: {}, empty: true };
    return { key, time: at, seq: null, values: { ...this.#last.values }, held: [...this.columns], empty: true };
  }
}

type SavedBar = Omit<Bar, 'held'> & { held: string[] };

function saveBar(bar: Bar): SavedBar & { [name: string]: Saved } {
  return { ...bar, values: bar.values.slice(), held: [...bar.held] };
}

function loadBar(bar: SavedBar): Bar {
  return { ...bar, held: new Set(bar.held) };
}

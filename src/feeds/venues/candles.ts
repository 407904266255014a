import { parseTime, type TimeFormat } from '../time.ts';
import type { VenueTick } from './venue.ts';

/** Symbols whose open candle is remembered; the oldest gives way. */
const MOST = 1024;

/** Candles of a venue that does not say which are closed: one is, once a later one of its symbol has come. */
export class Candles {
  readonly #format: TimeFormat;
  /** By symbol: the latest candle, and when it and the latest closed one begin, ms. */
  readonly latest = new Map<string, { open: VenueTick | null; at: number; closed: number }>();

  /** @param format how their times are written */
  constructor(format: TimeFormat) {
    this.#format = format;
  }

  /**
   * Candles of one message, each as it is now.
   * @param snapshot they are what a connection begins with: of the one before, what was open is not known to its end
   * @returns those that are closed and have not been told, oldest first, and those that cannot be read
   */
  push(candles: readonly VenueTick[], snapshot: boolean): VenueTick[] {
    const ticks: VenueTick[] = [];
    const known: { key: string; at: number; candle: VenueTick }[] = [];
    for (const candle of candles) {
      const at = parseTime(candle.time, this.#format);
      // a key that is none, or no time: the mapping says so
      if (typeof candle.key !== 'string' || Number.isNaN(at)) ticks.push(candle);
      else known.push({ key: candle.key, at, candle });
    }
    known.sort((a, b) => a.at - b.at);
    if (snapshot) for (const { key } of known) this.#forget(key);
    for (const { key, at, candle } of known) {
      const latest = this.#of(key);
      if (at <= latest.closed || at < latest.at) continue;
      if (at > latest.at) {
        if (latest.open) {
          ticks.push(snapshot ? { ...latest.open, history: true } : latest.open);
          latest.closed = latest.at;
        }
        latest.at = at;
      }
      latest.open = candle;
    }
    return ticks;
  }

  #of(key: string): { open: VenueTick | null; at: number; closed: number } {
    let latest = this.latest.get(key);
    if (latest) return latest;
    if (this.latest.size >= MOST) this.latest.delete(this.latest.keys().next().value!);
    latest = { open: null, at: -1, closed: -1 };
    this.latest.set(key, latest);
    return latest;
  }

  #forget(key: string): void {
    const latest = this.#of(key);
    latest.open = null;
    latest.at = latest.closed;
  }
}

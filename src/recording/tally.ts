import { OutputHash, seal } from './hash.ts';
import type { LogRecord } from './records.ts';

/** Name of the metadata that it is. */
export const OUTPUT = 'whytick output';

/** Counts records by topic and hashes the outputs among them: what stands at the end of a recording. */
export class Tally {
  readonly counts: Record<string, number> = {};
  readonly #hash = new OutputHash();

  update(record: LogRecord): void {
    this.counts[record.topic] = (this.counts[record.topic] ?? 0) + 1;
    this.#hash.update(record);
  }

  get total(): number {
    return Object.values(this.counts).reduce((sum, n) => sum + n, 0);
  }

  /** As metadata. */
  sealed(): Map<string, string> {
    const counts = Object.entries(this.counts).map(([topic, n]): [string, string] => [topic, String(n)]);
    return seal({ 'output sha256': this.#hash.digest(), ...Object.fromEntries(counts) });
  }
}

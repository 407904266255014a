/** What a venue's messages mean, as a config and a recording have it: pure, and the same live and in a replay. */
import { z } from 'zod';
import { ConfigError, invalid } from '../../errors.ts';
import type { Tick } from '../../types.ts';
import type { Mapped, Mapping } from '../mapping.ts';
import { resampleSchema } from '../resample.ts';
import { decimal, parseTime } from '../time.ts';
import { findVenue, venues } from './index.ts';
import { CHANNELS, COLUMNS, type VenueTick } from './venue.ts';

const names = venues.map(({ name }) => name) as [string, ...string[]];

export const venueMappingSchema = z.strictObject({
  venue: z.enum(names),
  channel: z.enum(CHANNELS).default('trades'),
  /** As in a mapping of one's own. */
  time: z.strictObject({ maxAhead: z.number().positive().default(60) }).prefault({}),
  key: z
    .strictObject({
      most: z.int().min(1).max(100_000).default(64),
      beyond: z.enum(['refuse', 'forget']).default('refuse'),
    })
    .prefault({}),
  id: z.strictObject({ window: z.int().min(1).max(1_000_000).default(1024) }).prefault({}),
  filter: z.string().optional(),
  resample: resampleSchema.optional(),
});

export type VenueMapping = z.input<typeof venueMappingSchema>;

/** @throws ConfigError for a channel that the venue has not */
export function compileVenue({ venue: name, channel = 'trades' }: VenueMapping): Mapping {
  const venue = findVenue(name)!;
  if (!venue.channels.includes(channel))
    throw new ConfigError(
      invalid('mapping.channel', channel, `one that ${venue.title} has: ${venue.channels.join(', ')}`),
    );
  const columns = COLUMNS[channel];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const read = venue.reader(channel);

  function tickOf(one: VenueTick): Tick | string {
    const { key, time, values, seq, id, history } = one;
    if (typeof key !== 'string' || key === '' || key.length > 200)
      return invalid('key', key, 'a symbol of up to 200 letters');
    const at = parseTime(time, venue.time);
    if (Number.isNaN(at)) return invalid('time', time, `a time, ${venue.time}`);
    const numbers: Record<string, number> = {};
    for (const [i, column] of columns.entries()) {
      const value = typeof values[i] === 'string' ? decimal(values[i]) : values[i];
      if (typeof value !== 'number' || !(Math.abs(value) < 3.4e38))
        return invalid(column, values[i], 'a finite number');
      numbers[column] = value;
    }
    const number = typeof seq === 'string' ? decimal(seq) : seq;
    const numbered = 'seq' in one;
    if (numbered && !Number.isSafeInteger(number)) return invalid('seq', seq, 'a whole number below 2^53');
    const tick: Tick = { key, time: at, seq: numbered ? (number as number) : null, values: numbers };
    // a number is a name too: after a reconnect it no longer orders ticks, but what is sent again is known by it
    const name = numbered ? number : id;
    if (typeof name === 'string' || typeof name === 'number') tick.id = String(name);
    if (history) tick.history = true;
    return tick;
  }

  return {
    columns,
    parse(data) {
      const mapped: Mapped = { ticks: [], resets: false, invalid: [], held: 0, ignored: 0 };
      let text: string;
      let message: unknown;
      try {
        text = decoder.decode(data);
        message = /^[[{]/.test(text) ? JSON.parse(text) : null;
      } catch {
        mapped.invalid.push(invalid('message', new TextDecoder().decode(data.subarray(0, 80)), 'JSON in UTF-8'));
        return mapped;
      }
      const said = read(message, text);
      if (said.kind !== 'ticks') {
        mapped.ignored = 1;
        return mapped;
      }
      for (const one of said.ticks) {
        const tick = tickOf(one);
        if (typeof tick === 'string') mapped.invalid.push(tick);
        else mapped.ticks.push(tick);
      }
      return mapped;
    },
    // nothing is held; what the connection said of itself (Bitfinex' channel numbers) is true as long as it lasts
    reset() {},
  };
}

/** What a venue's messages mean, as a config and a recording have it: pure, and the same live and in a replay. */
import { z } from 'zod';
import { invalid } from '../../errors.ts';
import type { Tick } from '../../types.ts';
import type { Mapped, Mapping } from '../mapping.ts';
import { resampleSchema } from '../resample.ts';
import { decimal, parseTime, type TimeFormat } from '../time.ts';
import { type Filled, readFilled } from './filled.ts';
import { findVenue, venues } from './index.ts';
import { CHANNELS, COLUMNS, type VenueTick } from './venue.ts';

const names = venues.map(({ name }) => name) as [string, ...string[]];

/** Candles that a venue does not send: as others send them, of its trades. */
const MADE: z.input<typeof resampleSchema> = {
  every: '1m',
  bars: {
    ...{ open: 'first(price)', high: 'max(price)', low: 'min(price)', close: 'last(price)', volume: 'sum(size)' },
  },
};

const fields = z.strictObject({
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

export const venueMappingSchema = fields.transform((mapping) => {
  if (!findVenue(mapping.venue)?.made?.includes(mapping.channel)) return mapping;
  const { bars, ...resample } = mapping.resample ?? MADE;
  return { ...mapping, resample: resampleSchema.parse({ ...resample, bars: bars ?? MADE.bars }) };
});

export type VenueMapping = z.input<typeof venueMappingSchema>;

export function compileVenue({ venue: name, channel = 'trades' }: VenueMapping): Mapping {
  const venue = findVenue(name)!;
  const columns = COLUMNS[venue.made?.includes(channel) ? 'trades' : channel];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let read = venue.reader(channel);

  function tickOf(one: VenueTick, format: TimeFormat, received: number): Tick | string {
    const { key, time, values, seq, id, history } = one;
    if (typeof key !== 'string' || key === '' || key.length > 200)
      return invalid('key', key, 'a symbol of up to 200 letters');
    const at = 'time' in one ? parseTime(time, format) : received;
    if (Number.isNaN(at)) return invalid('time', time, `a time, ${format}`);
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
    dense: venue.dense?.includes(channel) ?? false,
    parse(data, received = Number.NaN) {
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
      const filled = venue.fill ? readFilled(venue.fill, message) : null;
      const said = filled ?? read(message, text);
      if (said.kind !== 'ticks') {
        mapped.ignored = 1;
        return mapped;
      }
      if (said.ticks.length === 0) mapped.ignored = 1;
      for (const one of said.ticks) {
        const tick = tickOf(one, said.time ?? venue.time, received);
        if (typeof tick === 'string') mapped.invalid.push(tick);
        else mapped.ticks.push(filled ? within(tick, filled) : tick);
      }
      return mapped;
    },
    // nothing is held; what the connection said of itself (Bitfinex' channel numbers) is true as long as it lasts
    reset() {},
    save: () => read.save?.() ?? null,
    load: (saved) => read.load?.(saved),
    connected() {
      read = venue.reader(channel);
    },
  };
}

/** Marked, and between the ticks before and after it: both hosts of a venue need not write times to the same digit. */
function within(tick: Tick, { after, before }: Filled): Tick {
  return { ...tick, time: Math.min(Math.max(tick.time, after), before), filled: true };
}

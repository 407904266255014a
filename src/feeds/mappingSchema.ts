/** What a mapping may say, as a person writes it in a config file. `mapping.ts` compiles it. */
import { z } from 'zod';
import { pathFault } from './path.ts';
import { resampleSchema } from './resample.ts';
import { TIME_FORMATS } from './time.ts';
import { zoneOf } from './zone.ts';

const path = z.string().superRefine((value, context) => {
  const fault = pathFault(value);
  if (fault) context.addIssue({ code: 'custom', message: `a path: ${fault}` });
});
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], { error: 'a string, number, boolean or null' });
const condition = z.record(path, scalar);
const column = z.string().regex(/^(?!(?:__proto__|constructor|prototype)$)[^`]{1,200}$/, {
  error: 'a column name of up to 200 letters, without backticks',
});

const feature = z.strictObject({
  path,
  /** `boolean`: true, "on", "open", "yes" are 1 and their opposites 0, in any case of letters. */
  type: z.enum(['number', 'boolean']).optional(),
  /** The unit that is sent, and the one that it is turned into, before `scale` and `offset`. */
  unit: z.string().optional(),
  to: z.string().optional(),
  /** value = read * scale + offset; `min` and `max` bound the value, in its final unit. */
  scale: z.number().optional(),
  offset: z.number().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
});

export const mappingSchema = z.strictObject({
  /** Only messages for which every path has this value are ticks; others (acknowledgements, heartbeats) are ignored. */
  match: condition.optional(),
  /** Path of an array, each element of which is a tick. Other paths then start at the element, `$.` at the message. */
  each: path.optional(),
  /** Where the event time stands. A list of paths: the first that is there. */
  time: z.strictObject({
    path: z.union([path, z.array(path).min(1)], { error: 'a path or a list of paths' }),
    format: z.enum(TIME_FORMATS).default('auto'),
    /** Of dates without a zone: a place (Europe/Berlin) or an offset (+05:30); default UTC. */
    zone: z
      .string()
      .refine((name) => zoneOf(name) !== null, { error: 'a time zone such as Europe/Berlin or +05:30' })
      .optional(),
    /** Seconds by which a tick may be ahead of this machine's clock; beyond it is junk. */
    maxAhead: z.number().positive().default(60),
  }),
  /** Which stream the tick belongs to: read from the message, or one fixed name. */
  key: z
    .union(
      [
        z.string().max(200),
        z.strictObject({
          path,
          /** Streams that are kept at most, and what becomes of further ones: they are refused, or the quietest gives way. */
          most: z.int().min(1).max(100_000).default(64),
          beyond: z.enum(['refuse', 'forget']).default('refuse'),
        }),
      ],
      { error: 'a name or {path, most, beyond}' },
    )
    .optional(),
  /** Columns, by the names that expressions use. */
  features: z
    .record(column, z.union([path, feature], { error: 'a path or {path, scale, offset, min, max}' }))
    .refine((features) => Object.keys(features).length > 0, { error: 'at least one column' }),
  /** The venue's own sequence number: duplicates are dropped by it and jumps are gaps. */
  seq: z.strictObject({ path }).optional(),
  /** What tells ticks of a stream apart where nothing numbers them: one of the last `window` ids again is a duplicate. */
  id: z.strictObject({ path, window: z.int().min(1).max(1_000_000).default(1024) }).optional(),
  /** An expression over the columns: ticks for which it is 0, or has no value, are left out. */
  filter: z.string().optional(),
  /** Ticks become bars of a regular grid of event time; default: one message, one tick. */
  resample: resampleSchema.optional(),
  /** A column without a usable value: drop the tick, or take the last value, or the mean of all so far, and mark it as held. */
  missing: z.enum(['drop', 'hold', 'mean']).default('drop'),
  /** Ticks in a row for which a value is held at most. */
  maxHold: z.int().min(1).optional(),
  /** True (or anything JavaScript calls true) there: a warm-up tick, on which no alert fires. */
  history: z.strictObject({ path }).optional(),
  /** True there: it may have been sent before. Known by its `seq` or `id` it is dropped, else taken, with a mark. */
  redelivered: z.strictObject({ path }).optional(),
  /** A message for which every path has this value says: the series begins again. */
  reset: condition.optional(),
});

export type MappingConfig = z.input<typeof mappingSchema>;

/** What a page may say: checked, and bounded, before anything is done with it. */
import { z } from 'zod';
import { check } from '../check.ts';
import { ConfigError, invalid } from '../errors.ts';
import type { ClientMessage } from '../wire.ts';

const id = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const option = z.union([z.number(), z.string().max(4096), z.boolean()]);

const schemas = {
  speed: z.strictObject({ type: z.literal('speed'), value: z.number() }),
  explain: z.strictObject({
    type: z.literal('explain'),
    id,
    index: z.int().min(0).max(0xffff_ffff),
    time: z.number(),
    method: z.string().max(64),
    options: z.record(z.string().max(64), option).default({}),
    baseline: z
      .union([z.enum(['zero', 'mean', 'last']), z.array(z.number()).max(4096)])
      .nullable()
      .default(null),
    target: z
      .union([z.int().min(0), z.string().max(200)])
      .nullable()
      .default(null),
  }),
  cancel: z.strictObject({ type: z.literal('cancel'), id }),
};

/**
 * A page's message.
 * @throws ConfigError naming the field that is wrong
 */
export function readMessage(text: string): ClientMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    throw new ConfigError(invalid('message', text, 'JSON'));
  }
  const type = typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
  if (typeof type !== 'string' || !Object.hasOwn(schemas, type))
    throw new ConfigError(invalid('message', message, `an object of type ${Object.keys(schemas).join(', ')}`));
  return check(schemas[type as keyof typeof schemas], message, (path) => `message.${path}`);
}

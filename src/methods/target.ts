import { ConfigError, invalid } from '../errors.ts';
import type { ModelSpec } from '../model/spec.ts';

/**
 * The number of the output that is asked for.
 * @param target number or name of an output, or `argmax` of these outputs
 * @throws ConfigError naming the outputs there are
 */
export function chooseTarget(target: string, spec: ModelSpec, outputs: ArrayLike<number>): number {
  if (target === 'argmax') return argmax(outputs);
  const named = spec.outputs.indexOf(target);
  if (named >= 0) return named;
  const number = /^\d+$/.test(target) ? Number(target) : Number.NaN;
  if (number < spec.outputs.length) return number;
  const names = spec.outputs.map((name, o) => `${o} (${name})`).join(', ');
  throw new ConfigError(invalid('--target', target, `argmax or one of ${names}`));
}

/** Where the largest value stands, the first one of equals. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let o = 1; o < values.length; o++) if (values[o]! > values[best]!) best = o;
  return best;
}

import { ConfigError, invalid } from '../errors.ts';
import type { Explanation, Tick } from '../types.ts';

/** Reads one watched number off a tick and its explanation; NaN where it has none. */
export type ReadSignal = (tick: Tick, explanation: Explanation | null) => number;

/** What signals can be of. */
export interface Watchable {
  /** Expressions that feed the model, in order. */
  features: readonly string[];
  /** Raw columns of a tick. */
  columns: readonly string[];
  /** Whether residuals exist: a model that says what it predicts. */
  target: boolean;
}

/**
 * The signal that a path names: `residual`, `input.<feature of the model>` or `input.<column of the feed>`.
 * @throws ConfigError for a path that names nothing here
 */
export function signal(on: string, { features, columns, target }: Watchable): ReadSignal {
  if (on === 'residual') {
    if (target) return (_, explanation) => explanation?.residual ?? Number.NaN;
    throw new ConfigError(invalid('signal', on, 'a model that names its target'));
  }
  const name = on.replace(/^input\./, '');
  const feature = features.indexOf(name);
  if (feature >= 0) return (_, explanation) => explanation?.input[feature] ?? Number.NaN;
  if (columns.includes(name)) return (tick) => tick.values[name] ?? Number.NaN;
  const known = [...new Set([...features, ...columns])].map((each) => `input.${each}`);
  throw new ConfigError(invalid('signal', on, [...(target ? ['residual'] : []), ...known].join(', ')));
}

/**
 * The errors a caller can meet. Every message has one shape: `invalid <path>: <value> (expected <what>)`, lower case,
 * the value always shown, the cause kept.
 */

/** Something that a person wrote is wrong: an option, a config file, a mapping, an expression. Raised before anything starts. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** A model file is damaged, foreign or does not fit; the message names the layer and the tensor. */
export class ModelError extends Error {
  override name = 'ModelError';
}

/** Recorded or tabular data is wrong; the message names file, line and column, or the byte offset. */
export class DataError extends Error {
  override name = 'DataError';
}

/** A feed is in trouble. Always a status that is retried, never the end of the process. */
export class FeedError extends Error {
  override name = 'FeedError';
}

/**
 * The one message style.
 * @param path what is wrong, as the user wrote it (`mapping.time.format`, `layers[1].kernel`)
 * @param value what stands there
 * @param expected what should stand there
 */
export function invalid(path: string, value: unknown, expected: string): string {
  return visible(`invalid ${path}: ${show(value)} (expected ${expected})`);
}

/** Text from a file, safe to print: what would move the cursor or colour a terminal is spelled out. */
export function visible(text: string): string {
  const spelled = (c: string): string => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return text.replace(/\p{Cc}/gu, spelled);
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 80 ? `${value.slice(0, 77)}...` : value}'`;
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) {
    const text = json(value);
    return text.length > 80 ? `${text.slice(0, 77)}...` : text;
  }
  return String(value);
}

/** A feed can send JSON nested deeper than `JSON.stringify` can go: an error message must not fail of that. */
function json(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
  }
}

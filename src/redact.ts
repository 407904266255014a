/** Keeps secrets out of recordings, logs and statuses. */

export const SECRET = '<secret>';

const NAMES =
  /(^sign$|token|secret|passw|passphrase|authori[sz]ation|credential|cookie|signature|api[-_]?key|access[-_]?key|private[-_]?key)/i;
const URL_START = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * A copy of a configuration in which what may be secret is `<secret>`: fields named like one (token, apiKey, ...), all
 * values of `headers`, and user info and queries in URLs.
 */
export function redact(value: unknown, name = ''): unknown {
  if (NAMES.test(name) && value !== null && value !== undefined) return SECRET;
  if (typeof value === 'string') return URL_START.test(value) ? redactUrl(value) : value;
  if (Array.isArray(value)) return value.map((each) => redact(each));
  if (typeof value !== 'object' || value === null) return value;
  const within = /^headers$/i.test(name) ? () => SECRET : redact;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, within(each, key)]));
}

/** A URL without its user info and its query. */
export function redactUrl(url: string): string {
  return url.replace(/\/\/[^/@?#]*@/, `//${SECRET}@`).replace(/\?[^#]*/, `?${SECRET}`);
}

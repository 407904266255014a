/** Keeps secrets out of recordings. */

export const SECRET = '<secret>';

const NAMES =
  /(^sign$|token|secret|passw|passphrase|authori[sz]ation|credential|cookie|signature|api[-_]?key|access[-_]?key|private[-_]?key)/i;
const URL_START = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * A copy of a configuration in which what may be secret is `<secret>`: fields named like one (token, apiKey, ...), all
 * values of `headers`, and user info and query values in URLs.
 */
export function redact(value: unknown, name = ''): unknown {
  if (NAMES.test(name) && value !== null && value !== undefined) return SECRET;
  if (typeof value === 'string') return URL_START.test(value) ? redactUrl(value) : value;
  if (Array.isArray(value)) return value.map((each) => redact(each));
  if (typeof value !== 'object' || value === null) return value;
  const within = /^headers$/i.test(name) ? () => SECRET : redact;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, within(each, key)]));
}

function redactUrl(url: string): string {
  return url.replace(/\/\/[^/@?#]*@/, `//${SECRET}@`).replace(/([?&][^=&#]*=)[^&#]*/g, `$1${SECRET}`);
}

/** Keeps secrets out of recordings, logs and statuses. */

export const SECRET = '<secret>';

const NAMES =
  /(^(?:sign|auth|pass|pwd|jwt|bearer)$|token|secret|passw|passphrase|authori[sz]ation|credential|cookie|signature|api[-_]?key|access[-_]?key|private[-_]?key)/i;
const URL_START = /^[a-z][a-z0-9+.-]*:\/\//i;
/** Fields of a query whose values say what is asked for, not who asks. */
const PLAIN = /^(?:streams?|symbols?|channels?|topics?|subjects?|format)$/i;
/** Shorter words are not looked for in texts: they would be found in any. */
const SHORTEST = 4;

/**
 * A copy of a configuration in which what may be secret is `<secret>`: fields named like one (token, apiKey, ...), all
 * values of `headers`, messages of `subscribe` that are text, and user info and queries in URLs.
 */
export function redact(value: unknown, name = ''): unknown {
  if (NAMES.test(name) && value !== null && value !== undefined) return SECRET;
  if (typeof value === 'string') return URL_START.test(value) ? redactUrl(value) : value;
  if (Array.isArray(value)) return value.map((each) => (name === 'subscribe' ? redactMessage(each) : redact(each)));
  if (typeof value !== 'object' || value === null) return value;
  const within = /^headers$/i.test(name) ? () => SECRET : redact;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, within(each, key)]));
}

/** Text that is no JSON may be all secret: nobody knows its words. */
function redactMessage(message: unknown): unknown {
  if (typeof message !== 'string') return redact(message);
  const value = jsonOf(message);
  return value === undefined ? SECRET : JSON.stringify(redact(value));
}

/** A URL without its user info and its query. */
export function redactUrl(url: string): string {
  // in what is no URL a password may hold what ends a host
  const user = URL.canParse(url) ? /\/\/[^/?#]*@/ : /\/\/.*@/s;
  return url.replace(user, `//${SECRET}@`).replace(/\?[^#]*/, `?${SECRET}`);
}

/** What `redact` takes out, in the ways in which a server may say it again: as it is, decoded, encoded, as basic authorization. */
export function secretsIn(value: unknown, name = ''): string[] {
  return written(value, name).filter((text) => text.length >= SHORTEST);
}

function written(value: unknown, name: string): string[] {
  if (typeof value === 'string') {
    const inUrl = URL_START.test(value) && URL.canParse(value) ? secretsInUrl(new URL(value)) : [];
    return NAMES.test(name) ? [...inUrl, ...spelled(value)] : inUrl;
  }
  if (Array.isArray(value))
    return value.flatMap((each) => (name === 'subscribe' ? ofMessage(each) : written(each, name)));
  if (typeof value !== 'object' || value === null) return NAMES.test(name) ? [String(value)] : [];
  const all = NAMES.test(name) || /^headers$/i.test(name);
  return Object.entries(value).flatMap(([key, each]) => written(each, all ? 'secret' : key));
}

/** Long words of a text may be secret, short ones say what is asked for. */
function ofMessage(message: unknown): string[] {
  if (typeof message !== 'string') return written(message, '');
  const value = jsonOf(message);
  return value === undefined
    ? [message, ...message.split(/\s+/).filter((word) => word.length >= 8)]
    : written(value, '');
}

function secretsInUrl({ protocol, host, username, password, search, searchParams }: URL): string[] {
  const [user, word] = [decoded(username), decoded(password)];
  // a name such as `mqtt` would be found where it means the protocol
  const names = `${protocol}//${host}`.includes(user) ? [] : [user, username];
  const fields = Array.from(searchParams, ([key, value]) => (PLAIN.test(key) ? '' : value));
  const query = fields.join('') === '' ? '' : search;
  return [...names, word, password, ...basic(user, word), query, ...fields].flatMap(spelled);
}

/** A text, and what a header such as `Bearer abc` or `Basic abc` holds. */
function spelled(text: string): string[] {
  const last = /^[a-z]+ (\S+)$/i.exec(text)?.[1];
  return [text, encodeURIComponent(text), ...(last === undefined ? [] : [last])];
}

function basic(user: string, word: string): string[] {
  const pair = new TextEncoder().encode(`${user}:${word}`);
  return word === '' ? [] : [btoa(String.fromCharCode(...pair))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

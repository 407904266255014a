/** Addresses and topic filters of MQTT. */
import { ConfigError, invalid } from '../../errors.ts';
import { redactUrl } from '../../redact.ts';

/** How a broker is reached, as MQTT.js calls it. */
export type Transport = 'mqtt' | 'mqtts' | 'ws' | 'wss';

export interface Address {
  transport: Transport;
  host: string;
  port: number | undefined;
  /** Of a WebSocket. */
  path: string;
  username: string | undefined;
  password: string | undefined;
  /** What stands behind the host: a topic filter; none behind that of a WebSocket. */
  topic: string;
}

/**
 * Takes a URL apart. A topic may hold `#` as it is, anything else that has a meaning in URLs percent-encoded.
 * @throws ConfigError for a URL that is none of a broker
 */
export function addressOf(url: string): Address {
  const { protocol, hostname, port, username, password } = new URL(url);
  const wrong = (expected: string): ConfigError => new ConfigError(invalid('feed.url', redactUrl(url), expected));
  const transport = /(?:^|\+)(mqtts?|wss?):$/.exec(protocol)![1] as Transport;
  if (hostname === '') throw wrong('a host');
  const behind = url.replace(/^[^:]*:\/\/[^/?#]*\/?/, '');
  if (behind.includes('?')) throw wrong('no query: options are fields of their own, and ? in a topic is %3F');
  try {
    const text = decodeURIComponent(behind);
    const path = transport.startsWith('ws');
    return {
      transport,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? undefined : Number(port),
      path: path ? `/${behind}` : '/',
      username: username === '' ? undefined : decodeURIComponent(username),
      password: password === '' ? undefined : decodeURIComponent(password),
      topic: path ? '' : text,
    };
  } catch {
    throw wrong('% before two hexadecimal digits');
  }
}

/** Why this is no topic filter, or null. */
export function filterFault(filter: string): string | null {
  if (filter === '' || new TextEncoder().encode(filter).length > 65_535) return '1 to 65,535 bytes';
  if (filter.includes('\0')) return 'no null character';
  const levels = filter.split('/');
  if (levels.some((level) => level.length > 1 && /[+#]/.test(level))) return '+ and # as whole levels';
  if (levels.slice(0, -1).includes('#')) return '# at the end';
  if (levels[0] === '$share' && (levels.length < 3 || /^[+#]?$/.test(levels[1]!))) return '$share/GROUP/FILTER';
  return null;
}

/** Why this is no topic that something is sent to, or null. */
export function topicFault(topic: string): string | null {
  return filterFault(topic) ?? (/[+#]/.test(topic) ? 'no wildcards' : null);
}

/** Whether a topic is among those of a filter (4.7 of the specification). */
export function matches(filter: string, topic: string): boolean {
  const levels = filter.replace(/^\$share\/[^/]+\//, '').split('/');
  const names = topic.split('/');
  if (names[0]!.startsWith('$') && /^[+#]$/.test(levels[0]!)) return false;
  for (const [i, level] of levels.entries()) {
    if (level === '#') return true;
    if (i >= names.length || (level !== '+' && level !== names[i])) return false;
  }
  return names.length === levels.length;
}

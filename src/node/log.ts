import { pino } from 'pino';
import type { LogLevel } from './logLevels.ts';

/** JSON lines on stderr, for whoever runs this as a service. Credentials are left out. */
export function createLog(level: LogLevel = 'warn') {
  const secret = ['authorization', 'cookie', '"set-cookie"'];
  const paths = ['req.headers', 'res.headers', 'headers'].flatMap((at) =>
    secret.map((name) => (name.startsWith('"') ? `${at}[${name}]` : `${at}.${name}`)),
  );
  return pino({ level, redact: { paths, censor: '<secret>' } }, pino.destination({ dest: 2, sync: true }));
}

import { pino } from 'pino';
import { redactUrl, SECRET } from '../redact.ts';
import type { LogLevel } from './logLevels.ts';

/** JSON lines on stderr, for whoever runs this as a service. Credentials are left out. */
export function createLog(level: LogLevel = 'warn') {
  const secret = ['authorization', 'cookie', '"set-cookie"'];
  const paths = ['req.headers', 'res.headers', 'headers'].flatMap((at) =>
    secret.map((name) => (name.startsWith('"') ? `${at}[${name}]` : `${at}.${name}`)),
  );
  const redact = { paths, censor: SECRET };
  return pino({ level, redact, serializers: { req: asked } }, pino.destination({ dest: 2, sync: true }));
}

/** A request without the query of its address: somebody may put a token there. */
function asked({ method, url, host, ip }: { method: string; url: string; host: string; ip: string }): object {
  return { method, url: redactUrl(url), host, remoteAddress: ip };
}

/**
 * Dashboards' server: the page, its socket, and what an operator needs. Everything is at a fixed path:
 *
 * - `/` and its files: the page, which holds no data
 * - `/ws`: upgrade to the frames of `wire.ts`
 * - `POST /session` `{"token": ...}`: a cookie for a token; `GET /session`: whether one is needed (401) or not (204)
 * - `/metrics`: Prometheus
 * - `/livez`, `/readyz`: yes or no
 */
import { existsSync } from 'node:fs';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import fastifyHelmet from '@fastify/helmet';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import { ConfigError, invalid } from '../errors.ts';
import type { ClientMessage, ServerMessage } from '../wire.ts';
import type { Hub } from './hub.ts';
import { readMessage } from './messages.ts';
import type { Metrics } from './metrics.ts';
import type { Asker } from './onDemand.ts';
import { type Access, urlName } from './security.ts';

export interface ServerOptions {
  host: string;
  /** 0: any free one. */
  port: number;
  access: Access;
  hub: Hub;
  metrics: Metrics;
  /** Whether there is anything worth looking at: the feed is fresh and the model loaded. */
  ready: () => boolean;
  /** Folder of the built page. */
  web: string;
  log: FastifyBaseLogger;
  /** A dashboard asks for something. @throws ConfigError for what cannot be; the dashboard is told */
  onMessage: (message: ClientMessage, asker: Asker) => void;
  /** A dashboard is gone. */
  onLeave: (asker: Asker) => void;
}

export interface RunningServer {
  port: number;
  /** Address of the page, without the token. */
  url: string;
  /** Closes dashboards with 1001, then ends them; resolves when nothing is open any more. */
  close(): Promise<void>;
}

export const MAX_CLIENTS = 500;
/** Dashboards say little: bytes of one message. */
const MAX_INBOUND = 64 << 10;
const PING_MS = 30_000;

/**
 * Starts the server.
 * @throws ConfigError when the address cannot be bound: taken, not allowed, not of this machine
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, access, hub, log } = options;
  const app = fastify({ loggerInstance: log, bodyLimit: 16 << 10, forceCloseConnections: true });
  await addPages(app, options);
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_INBOUND,
    perMessageDeflate: false,
  });
  app.server.on('upgrade', (request, socket, head) => {
    const refusal = refuseUpgrade(request, options);
    if (refusal) refuse(socket, refusal.status, refusal.message);
    else sockets.handleUpgrade(request, socket, head, (client) => attend(client, options));
  });
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw new ConfigError(bindFault(cause as NodeJS.ErrnoException, host, port), { cause });
  }
  const bound = (app.server.address() as AddressInfo).port;
  access.cookieName = `whytick-${bound}`;
  return {
    port: bound,
    url: `http://${pageName(host)}:${bound}/`,
    async close() {
      await hub.close();
      await app.close();
    },
  };
}

async function addPages(app: FastifyInstance, { access, metrics, ready, web }: ServerOptions): Promise<void> {
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        workerSrc: ["'self'"],
        connectSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // On plain http these either do harm or are ignored with an error on the console.
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
  });
  await app.register(fastifyRateLimit, { global: false });

  app.addHook('onRequest', async (request, reply) => {
    const { url } = request;
    if (url === '/livez' || url === '/readyz' || access.hostAllowed(request.headers.host)) return;
    await deny(reply, 403, 'this host name is not allowed');
  });

  const yesOrNo = (reply: FastifyReply, yes: boolean) =>
    reply
      .code(yes ? 200 : 503)
      .header('cache-control', 'no-store')
      .type('text/plain')
      .send(yes ? 'yes\n' : 'no\n');
  app.get('/livez', async (_, reply) => yesOrNo(reply, true));
  app.get('/readyz', async (_, reply) => yesOrNo(reply, ready()));
  app.get('/metrics', async (request, reply) => {
    const refusal = access.refuse(request.headers, 'read');
    if (refusal) return deny(reply, refusal.status, refusal.message);
    return reply
      .header('cache-control', 'no-store')
      .type(metrics.contentType)
      .send(await metrics.text());
  });
  app.get('/session', async (request, reply) => {
    const refusal = access.refuse(request.headers, 'read');
    return refusal
      ? deny(reply, refusal.status, refusal.message)
      : reply.code(204).header('cache-control', 'no-store').send();
  });
  app.post('/session', { config: { rateLimit: { max: 10, timeWindow: '1 minute' } } }, (request, reply) => {
    return openSession(request, reply, access);
  });

  if (!existsSync(web)) return;
  await app.register(fastifyStatic, {
    root: web,
    cacheControl: false,
    setHeaders(response, path) {
      const hashed = /[/\\]assets[/\\]/.test(path);
      response.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

/** The token comes in the body, so that it is in no address, log or history. */
async function openSession(request: FastifyRequest, reply: FastifyReply, access: Access): Promise<FastifyReply> {
  const { origin, host } = request.headers;
  if (origin !== undefined && !access.originAllowed(origin, host))
    return deny(reply, 403, 'this origin is not allowed');
  const { body } = request;
  const token = typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined;
  if (!access.tokenMatches(token)) return deny(reply, 401, 'this token is not valid');
  return reply.code(204).header('set-cookie', access.sessionCookie()).header('cache-control', 'no-store').send();
}

function deny(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').send({ error: message });
}

function refuseUpgrade(
  request: IncomingMessage,
  { access, hub }: ServerOptions,
): { status: number; message: string } | null {
  if (request.url !== '/ws') return { status: 404, message: 'there is nothing here' };
  const refusal = access.refuse(request.headers, 'change');
  if (refusal) return refusal;
  return hub.clients < MAX_CLIENTS ? null : { status: 503, message: `${MAX_CLIENTS} dashboards are connected already` };
}

/** Answers an upgrade in plain HTTP and hangs up. */
function refuse(socket: Duplex, status: number, message: string): void {
  socket.on('error', () => socket.destroy());
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'connection: close', 'content-type: text/plain'];
  socket.end(`${head.join('\r\n')}\r\ncontent-length: ${message.length + 1}\r\n\r\n${message}\n`);
}

/** One dashboard, from its first message to its last. */
function attend(client: WebSocket, { hub, log, onMessage, onLeave }: ServerOptions): void {
  let answers = true;
  const asker: Asker = {
    send: (message) => client.readyState === client.OPEN && client.send(message),
    get keepsUp() {
      return client.bufferedAmount < MAX_INBOUND;
    },
  };
  const pulse = setInterval(() => {
    if (!answers) return client.terminate();
    answers = false;
    return client.ping();
  }, PING_MS);
  client.on('pong', () => {
    answers = true;
  });
  client.on('close', () => {
    clearInterval(pulse);
    hub.remove(client);
    onLeave(asker);
  });
  client.on('error', (error) => log.info({ reason: error.message }, 'a dashboard broke its connection'));
  client.on('message', (data, isBinary) => {
    answers = true;
    const fault = isBinary ? invalid('message', 'binary', 'JSON') : handle(String(data), asker, onMessage);
    // Whoever does not read answers gets none: they would pile up here.
    if (fault && asker.keepsUp) client.send(JSON.stringify({ type: 'error', message: fault } satisfies ServerMessage));
  });
  hub.add(client);
}

/** @returns what is wrong with a message, or null */
function handle(text: string, asker: Asker, onMessage: ServerOptions['onMessage']): string | null {
  try {
    onMessage(readMessage(text), asker);
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

/** What a person calls the place: an address that means "all" is reached as localhost from here. */
function pageName(host: string): string {
  return ['0.0.0.0', '::', '[::]', ''].includes(host) ? 'localhost' : urlName(host);
}

function bindFault({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE') return invalid('port', port, 'a free one: this is in use; 0 takes any');
  if (code === 'EACCES') return invalid('port', port, 'one that this user may use: 1024 or above');
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return invalid('host', host, 'a name or address of this machine');
  }
  return invalid('address', `${host}:${port}`, message);
}

/** A server without an engine, and ways to knock at its door as a browser would not. */
import { request } from 'node:http';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { Hub } from '../../src/node/hub.ts';
import { createMetrics } from '../../src/node/metrics.ts';
import { Access, type AccessOptions } from '../../src/node/security.ts';
import { type RunningServer, startServer } from '../../src/node/server.ts';
import type { ClientMessage, Hello, Status, WireTick } from '../../src/wire.ts';

export const K = 4;
export const F = 2;

export const hello: Hello = {
  type: 'hello',
  wire: 2,
  version: '0.0.0',
  session: 'serve',
  stream: 'a stream',
  model: 'a model',
  features: [],
  target: null,
  horizon: 1,
  window: K,
  mode: 'stateful',
  baseline: { kind: 'zero', values: [] },
  trainedUntil: null,
  validatedUntil: null,
  axis: 'tick',
  tickMeans: null,
  speed: null,
  interval: null,
  shapley: null,
  live: { method: 'rolling-occlusion', options: { eps: 0 } },
  recent: 1024,
  methods: [],
};

export const status: Status = {
  type: 'status',
  feed: { feed: 'ws://feed.example/', state: 'open' },
  now: 0,
  lastReceived: null,
  ticksPerSecond: 0,
  ticks: 17,
  explained: 0,
  closed: 0,
  stale: 0,
  gaps: 0,
  late: 0,
  duplicates: 0,
  invalid: 0,
  revised: 0,
  redelivered: 0,
  filled: 0,
  held: 0,
  tickMs: 0,
  tickMsP99: 0,
  sendMsP99: 0,
  queueDropped: 0,
  questions: { open: 0, answered: 0, refused: 0, failed: 0 },
  adaptation: null,
  speed: null,
  recording: null,
};

export function wireTick(index: number, changes: Partial<WireTick> = {}): WireTick {
  return {
    time: 1000 * index,
    received: 0,
    index,
    flags: 16,
    prediction: index,
    predicted: 0,
    arrived: 0,
    sigma: 0,
    drift: 0,
    memory: 0,
    low: 0,
    high: 0,
    predictedLow: 0,
    predictedHigh: 0,
    heldShare: 0,
    input: new Float32Array(F).fill(index),
    byFeature: new Float32Array(F),
    events: new Float32Array(K),
    ...changes,
  };
}

export interface Serving {
  server: RunningServer;
  hub: Hub;
  access: Access;
  heard: ClientMessage[];
}

export async function serving(
  options: Partial<AccessOptions> & { ready?: boolean; web?: string; port?: number } = {},
): Promise<Serving> {
  const { host = '127.0.0.1', ready = true, web = '/nowhere', port = 0 } = options;
  const hub = new Hub({ window: K, features: F, hello: () => hello, now: () => Date.now() });
  const access = new Access({ ...options, host });
  const heard: ClientMessage[] = [];
  const metrics = createMetrics({
    status: () => status,
    hub: () => ({ clients: hub.clients, ...hub.totals }),
    version: '0.0.0',
  });
  const server = await startServer({
    host,
    port,
    access,
    hub,
    metrics,
    ready: () => ready,
    web,
    log: pino({ level: 'silent' }),
    onMessage: (message) => heard.push(message),
    onLeave: () => {},
  });
  return { server, hub, access, heard };
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** One HTTP request, with exactly these headers. */
export function ask(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
    address = '127.0.0.1',
  }: { method?: string; headers?: Record<string, string>; body?: string; address?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: address, port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface Dialled {
  socket: WebSocket;
  /** JSON messages and frames so far. */
  texts: Record<string, unknown>[];
  frames: Uint8Array[];
}

/** Opens a WebSocket with exactly these headers. Resolves with it, or with the status of the refusal. */
export function dial(
  port: number,
  headers: Record<string, string> = {},
  address = '127.0.0.1',
  path = '/ws',
): Promise<Dialled | number> {
  return new Promise((resolve, reject) => {
    const at = address.includes(':') ? `[${address}]` : address;
    const socket = new WebSocket(`ws://${at}:${port}${path}`, { headers });
    const dialled: Dialled = { socket, texts: [], frames: [] };
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) dialled.frames.push(new Uint8Array(data));
      else dialled.texts.push(JSON.parse(String(data)));
    });
    socket.on('open', () => resolve(dialled));
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    socket.on('error', reject);
  });
}

/** The same, where a refusal would be a failure of the test. */
export async function connect(
  port: number,
  headers: Record<string, string> = { origin: `http://127.0.0.1:${port}` },
): Promise<Dialled> {
  const dialled = await dial(port, headers);
  if (typeof dialled === 'number') throw new Error(`refused with ${dialled}`);
  return dialled;
}

export function closed(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => {
    socket.once('close', (code) => resolve(code));
  });
}

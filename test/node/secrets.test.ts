/** Secrets planted wherever a person can put them, on servers that say them again: nothing that whytick says holds one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { parseConfig } from '../../src/config.ts';
import { ConfigError } from '../../src/errors.ts';
import { writeNative } from '../../src/model/formats/index.ts';
import { readKernels } from '../../src/node/assets.ts';
import { readConfigFile } from '../../src/node/configFile.ts';
import { openRecording } from '../../src/node/recordingFile.ts';
import { Session } from '../../src/node/session.ts';
import { openSource, setUp } from '../../src/node/setup.ts';
import type { FeedStatus } from '../../src/types.ts';
import { smallModel } from '../engine/session.ts';
import { whytick } from './cli/whytick.ts';
import { ask, connect } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'whytick-secrets-'));
const path = (name: string, content?: string | Uint8Array): string => {
  if (content !== undefined) writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 20_000, interval: 10 });

/** A secret of one place, with characters that are written otherwise in a URL. */
const plant = (place: string): string => `pl4nted+${place}/7Q=`;
const [user, password, query, header, bearer] = ['user', 'password', 'query', 'header', 'bearer'].map(plant) as [
  string,
  string,
  string,
  string,
  string,
];
const [field, text, env, token, file] = ['field', 'text', 'env', 'token', 'file'].map(plant) as [
  string,
  string,
  string,
  string,
  string,
];
const planted = { user, password, query, header, bearer, field, text, env, token, file };

/** Places whose secret stands in a text, in one of the ways in which it may be written. */
function leaks(said: string | Uint8Array): string[] {
  const all = typeof said === 'string' ? said : Buffer.from(said).toString('latin1');
  const pair = Buffer.from(`${user}:${password}`).toString('base64');
  const ways = (secret: string): string[] => [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
  ];
  const found = Object.entries(planted).filter(([, secret]) => ways(secret).some((way) => all.includes(way)));
  const part = /pl4nted\+[a-z]/.exec(all);
  return [...found.map(([place]) => place), ...(all.includes(pair) ? ['a pair'] : []), ...(part ? [part[0]] : [])];
}

let http: Server;
let sockets: WebSocketServer;
let tcp: TcpServer;
const at = (server: Server | TcpServer): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
/** All that a client said about itself. */
const echo = ({ url, headers }: IncomingMessage): string => `${url} ${headers.authorization} ${headers['x-api']}`;

beforeAll(async () => {
  http = createHttp((asked, answer) => {
    if (asked.url!.startsWith('/die')) return void asked.socket.destroy();
    if (asked.url!.startsWith('/redirect')) return void answer.writeHead(302, { location: `/x?${echo(asked)}` }).end();
    if (asked.url!.startsWith('/data'))
      return void answer.end(JSON.stringify({ time: Date.now(), x: 1, said: echo(asked) }));
    answer
      .writeHead(401, `no: ${echo(asked)}`, { 'www-authenticate': `Basic realm="${echo(asked)}"` })
      .end(echo(asked));
  });
  sockets = new WebSocketServer({ noServer: true });
  http.on('upgrade', (asked, socket, head) => {
    if (asked.url!.startsWith('/die')) return void socket.destroy();
    if (asked.url!.startsWith('/refuse')) return void socket.end(`HTTP/1.1 401 no: ${echo(asked)}\r\n\r\n`);
    if (asked.url!.startsWith('/redirect'))
      return void socket.end(`HTTP/1.1 302 Found\r\nlocation: /x?${echo(asked)}\r\n\r\n`);
    sockets.handleUpgrade(asked, socket, head, (client) => {
      const reasons = asked.url!.startsWith('/who') ? [asked.url!, asked.headers.authorization ?? ''] : [];
      if (reasons.length > 0) client.close(4001, `no: ${reasons.join(' ')}`.slice(0, 120));
      client.on('message', (message) => client.close(4001, `no: ${message}`.slice(0, 120)));
    });
  });
  // what NATS and MQTT clients meet: it knows no protocol but the beginning of NATS', and says again what it heard
  tcp = createTcp((socket) => {
    socket.on('error', () => {});
    socket.write('INFO {"server_id":"x","version":"2.9.10","proto":1,"max_payload":1024,"headers":true}\r\n');
    socket.on('data', (data) => {
      const said = /CONNECT (.*)\r\n/.exec(String(data))?.[1];
      if (said) socket.end(`-ERR 'Authorization Violation: ${said.replaceAll("'", '')}'\r\n`);
    });
  });
  for (const server of [http, tcp]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  http.closeAllConnections();
  for (const server of [http, tcp]) server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => void vi.stubEnv('PLANTED', env));
afterEach(() => vi.unstubAllEnvs());

const info = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
const asked = `key=${encodeURIComponent(query)}`;
/** As a config has it: filled in from the environment. */
const named = '$' + '{PLANTED}';

const part = (name: string, content: string): string =>
  `-----BEGIN ${name}-----\n${content}\n------END ${name}------\n`;
const credentials = `${part('NATS USER JWT', file)}\n${part('USER NKEY SEED', file)}`;

/** Feeds that have secrets in every place that their kind knows, by what the server does with them. */
function feeds() {
  const web = (scheme: string, place: string): string => `${scheme}://${info}@${at(http)}/${place}?${asked}&e=${named}`;
  const headers = { 'x-api': header, authorization: `Bearer ${bearer}`, 'x-env': named };
  const subscribe = [{ op: 'login', args: [{ apiKey: field }] }];
  return {
    'http that says a name again': { url: web('http', 'refuse') },
    'http that says a header again': { url: web('http', 'refuse'), headers },
    'http that redirects': { url: web('http', 'redirect'), headers },
    'http that dies': { url: web('http', 'die'), headers },
    'ws that refuses': { url: web('ws', 'refuse') },
    'ws that redirects': { url: web('ws', 'redirect') },
    'ws that dies': { url: web('ws', 'die') },
    'ws that says a name again': { url: `ws://${info}@${at(http)}/who` },
    'ws that says a query again': { url: `ws://${at(http)}/who?${asked}` },
    'ws that says a login again': { url: `ws://${at(http)}/`, subscribe },
    'ws that says a login in text again': { url: `ws://${at(http)}/`, subscribe: [JSON.stringify(subscribe[0])] },
    'ws that says a text again': { url: `ws://${at(http)}/`, subscribe: [`login ${text}`] },
    'ws that cuts what it says again': { url: `ws://${at(http)}/`, subscribe: [`login ${'.'.repeat(96)} ${text}`] },
    'ws that says the environment again': { url: `ws://${at(http)}/`, subscribe: [{ op: 'login', it: named }] },
    'nats with a name': { url: `nats://${info}@${at(tcp)}/a` },
    'nats that says a token again': { url: `nats://${at(tcp)}/a`, token },
    'nats that says a password again': { url: `nats://${at(tcp)}/a`, stream: 'S', user: 'ada', password },
    'nats with a file that is none': { url: `nats://${at(tcp)}/a`, creds: path('bad.creds', `${file}\n`) },
    'nats with a file of keys that are none': { url: `nats://${at(tcp)}/a`, creds: path('worse.creds', credentials) },
    'nats with a seed that is none': { url: `nats://${at(tcp)}/a`, nkey: path('bad.nk', `SU${file}\n`) },
    'nats that says the environment again': { url: `nats://ada:${named}@${at(tcp)}/a` },
  };
}
type Name = keyof ReturnType<typeof feeds>;
const names: Name[] = [
  'http that says a name again',
  'http that says a header again',
  'http that redirects',
  'http that dies',
  'ws that refuses',
  'ws that redirects',
  'ws that dies',
  'ws that says a name again',
  'ws that says a query again',
  'ws that says a login again',
  'ws that says a login in text again',
  'ws that says a text again',
  'ws that cuts what it says again',
  'ws that says the environment again',
  'nats with a name',
  'nats that says a token again',
  'nats that says a password again',
  'nats with a file that is none',
  'nats with a file of keys that are none',
  'nats with a seed that is none',
  'nats that says the environment again',
];
describe('in statuses and recordings there is nothing of what was planted in', () => {
  it.each(names)('%s', async (name) => {
    const config = parseConfig({ feed: feeds()[name], mapping: { time: { path: 'time' }, features: { x: 'x' } } });
    const { kernels, hash } = await readKernels();
    const [source, record] = [config.feed, path(`${name}.mcap`)];
    const options = { kernels, kernelsHash: hash, spec: null, config: config.engine, source, record };
    const session = new Session({ ...options, feed: openSource(source) });
    const statuses: FeedStatus[] = [];
    session.engine.status$.subscribe((status) => statuses.push(status));
    session.start();
    await until(() => expect(statuses.map(({ state }) => state)).toContain('closed'));
    await session.stop();
    const said = JSON.stringify(statuses);
    expect([leaks(said), said]).toEqual([[], said]);
    // the server did say it
    if (/again|name|header/.test(name)) expect(statuses.at(-1)!.reason).toMatch(/<secret>|\$\{PLANTED\}/);
    expect(leaks(readFileSync(record))).toEqual([]);
    expect(leaks(await contents(record))).toEqual([]);
  });
});

/** All that a recording holds, without compression. */
async function contents(file: string): Promise<string> {
  const recording = await openRecording(file);
  const parts: Uint8Array[] = [...recording.attachments.values()];
  for await (const { records } of recording.chunks()) for (const { data } of records) parts.push(data);
  return Buffer.concat(parts).toString('latin1');
}

describe('commands', () => {
  const yaml = (name: string, feed: object, more: object = {}): string => {
    const mapping = { time: { path: 'time' }, features: { x: 'x', y: 'x' } };
    return path(`${name}.yaml`, JSON.stringify({ feed, mapping, ...more }));
  };

  it('record and connect say nothing of them', async () => {
    const all = feeds();
    const config = yaml('record', all['http that says a header again']);
    const more = ['--duration', '2', '--json', '--verbose'];
    const ran = await Promise.all([
      whytick(['record', config, '--out', path('record.mcap'), ...more]),
      whytick(['record', '--feed', all['ws that says a name again'].url, '--out', path('feed.mcap'), ...more]),
      whytick(['connect', all['nats with a name'].url, ...more]),
      whytick(['connect', `mqtt://${info}@${at(tcp)}/a?${asked}`, ...more]),
      whytick(['connect', `ws://${at(http)}/`, '--subscribe', JSON.stringify({ token: field }), ...more]),
      whytick(['connect', `ws://ada:${password}@${at(http)}/`, ...more]),
    ]);
    for (const { stdout, stderr } of ran) expect([leaks(stdout + stderr), stderr]).toEqual([[], stderr]);
    expect(ran[0]!.stderr).toMatch(/closed \(answered 401 no: /);
    expect(leaks(await contents(path('record.mcap')))).toEqual([]);
  });

  it('serve says nothing of them: in its log, its metrics, its answers, and to dashboards', async () => {
    const model = path('model.safetensors', writeNative({ ...smallModel(), features: ['x', 'diff(y)'] }));
    const server = { port: 0, tokenFile: path('token.txt', `${file}\n`) };
    const config = yaml('serve', feeds()['ws that says a login again'], { model, record: path('serve.mcap'), server });
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const child = spawn(process.execPath, ['dist/node/cli/index.js', 'serve', config, '--log', 'debug'], { cwd: root });
    let said = '';
    child.stdout.on('data', (more) => (said += more));
    child.stderr.on('data', (more) => (said += more));
    try {
      await until(() => expect(said).toMatch(/http:\/\/127\.0\.0\.1:\d+\//));
      const port = Number(/http:\/\/127\.0\.0\.1:(\d+)\//.exec(said)![1]);
      const authorization = `Bearer ${file}`;
      const wrong = `Bearer ${token}`;
      const answers = await Promise.all([
        ...['/', '/metrics', '/session', '/api/x', `/metrics?token=${encodeURIComponent(file)}`].map((place) =>
          ask(port, place, { headers: { host: `127.0.0.1:${port}`, authorization } }),
        ),
        ask(port, '/metrics', { headers: { host: `127.0.0.1:${port}`, authorization: wrong } }),
        ...[file, token].map((each) =>
          ask(port, '/session', {
            method: 'POST',
            headers: { host: `127.0.0.1:${port}`, 'content-type': 'application/json' },
            body: JSON.stringify({ token: each }),
          }),
        ),
      ]);
      const dashboard = await connect(port, { host: `127.0.0.1:${port}`, authorization });
      dashboard.socket.send(JSON.stringify({ type: 'explain', token }));
      await until(() => {
        expect(dashboard.texts.map(({ type }) => type)).toContain('error');
        expect(JSON.stringify(dashboard.texts)).toContain('closed with 4001: no: ');
      });
      dashboard.socket.terminate();
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 204, 404, 200, 401, 204, 401]);
      expect(leaks(JSON.stringify(answers))).toEqual([]);
      expect(leaks(JSON.stringify(dashboard.texts.filter(({ type }) => type !== 'error')))).toEqual([]);
      await until(() => expect(said).toContain('"url":"/metrics?<secret>"'));
    } finally {
      const gone = once(child, 'close');
      child.kill('SIGTERM');
      await gone;
    }
    expect([leaks(said), said]).toEqual([[], said]);
    expect(leaks(await contents(path('serve.mcap')))).toEqual([]);
  });

  it.each([
    ['a field that is no text', { url: 'http://h', headers: { 'x-api': [header] } }],
    ['a message that is no list', { url: 'ws://h', subscribe: text }],
    ['a field of another name', { url: 'nats://h/a', pasword: password }],
    ['an object of another name', { url: 'nats://h/a', auth: { word: password } }],
    ['a header that cannot be', { url: 'http://h', headers: { 'x-api': `${header}\n` } }],
    [
      'a key in place of its file',
      { url: 'nats://h/a', nkey: 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY' },
    ],
    ['a URL with a slash in a password', { url: `ws://ada:${password}@h/a` }],
    ['a URL of a scheme that is none', { url: `mqqt://${info}@h/a?${asked}` }],
    ['a subject that is none', { url: `nats://${info}@h/a..b` }],
    ['a name that the environment has not', { url: 'nats://h/a', token: '$' + '{NOT_THERE}', password }],
  ])('%s is refused without showing it', async (name, feed) => {
    const config = yaml(name, feed);
    const refused = await setUp({ config }).then(String, (error: Error) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    const said = `${(refused as Error).stack} ${String((refused as Error).cause)}`;
    expect([leaks(said), said]).toEqual([[], said]);
    expect(said).not.toContain('SUACSSL3');
  });

  it.each([
    ['feed: { headers: { a: PLANT', "invalid a.yaml line 1, column 37: 'feed: ...'"],
    ['feed:\n  token: x PLANT: y', 'invalid a.yaml line 2'],
    ['feed:\n  token: *PLANT', "invalid a.yaml: '...'"],
    ['feed:\n  token: !PLANT!x y', 'invalid a.yaml line 2'],
    ['feed:\n- PLANT', 'invalid a.yaml line 2: feed'],
    ['%PLANT\n---\n', 'invalid a.yaml'],
  ])('%j is no config, and not shown', async (content, message) => {
    const refused = await readConfigFile(path('a.yaml', content.replace('PLANT', plant('yaml').slice(0, 14)))).then(
      String,
      String,
    );
    expect(refused).toContain(message);
    expect([leaks(refused), refused]).toEqual([[], refused]);
  });
});

it('what a feed sends is data: it is kept as it came, whatever stands in it', async () => {
  const out = path('data.mcap');
  const config = path(
    'data.yaml',
    JSON.stringify({
      feed: { url: `http://${at(http)}/data?${asked}`, every: 0.05 },
      mapping: { time: { path: 'time' }, features: { x: 'x' } },
    }),
  );
  await whytick(['record', config, '--out', out, '--ticks', '2']);
  expect(leaks(await contents(out))).toEqual(['query']);
});

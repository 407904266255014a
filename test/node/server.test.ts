import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { decodeFrame } from '../../src/wire.ts';
import { ask, closed, connect, dial, type Serving, serving, status, wireTick } from './serving.ts';

const TOKEN = 'correct-horse-battery-staple';
const open: Serving[] = [];

async function start(...args: Parameters<typeof serving>): Promise<Serving & { port: number; origin: string }> {
  const started = await serving(...args);
  open.push(started);
  const { port } = started.server;
  return { ...started, port, origin: `http://127.0.0.1:${port}` };
}

afterEach(async () => {
  for (const { server } of open.splice(0)) await server.close();
});

describe('on loopback, without a token', () => {
  it.each([
    ['its own page', (port: number) => ({ origin: `http://127.0.0.1:${port}` })],
    [
      'its own page under another name',
      (port: number) => ({ host: `localhost:${port}`, origin: `http://localhost:${port}` }),
    ],
    ['its own page by IPv6', (port: number) => ({ host: `[::1]:${port}`, origin: `http://[::1]:${port}` })],
  ])('%s may connect', async (_name, headers) => {
    const { port } = await start();
    expect(await dial(port, headers(port))).toHaveProperty('socket');
  });

  it.each<[string, (port: number) => Record<string, string>, number]>([
    ['a page elsewhere', () => ({ origin: 'https://evil.example' }), 403],
    [
      'a page whose name was made to point here',
      (port) => ({ host: `evil.example:${port}`, origin: `http://evil.example:${port}` }),
      403,
    ],
    ['a page of another program on this machine', (port) => ({ origin: `http://127.0.0.1:${port + 1}` }), 403],
    ['a sandboxed page or a file', () => ({ origin: 'null' }), 403],
    ['a name that only begins like ours', (port) => ({ origin: `http://127.0.0.1.evil.example:${port}` }), 403],
    [
      'a name hidden behind user info',
      (port) => ({ host: `127.0.0.1@evil.example:${port}`, origin: `http://127.0.0.1:${port}` }),
      403,
    ],
    ['a program without an origin', () => ({}), 401],
    ['a program with a wrong token', () => ({ authorization: 'Bearer guess' }), 401],
    [
      'a page of ours with a wrong token',
      (port) => ({ origin: `http://127.0.0.1:${port}`, authorization: 'Bearer guess' }),
      401,
    ],
  ])('%s may not', async (_name, headers, refusal) => {
    const { port, hub } = await start();
    expect(await dial(port, headers(port))).toBe(refusal);
    expect(hub.clients).toBe(0);
  });

  it('a program that carries the token may connect without an origin', async () => {
    const { port, access } = await start();
    expect(await dial(port, { authorization: `Bearer ${access.token}` })).toHaveProperty('socket');
    expect(Buffer.from(access.token, 'base64url')).toHaveLength(32);
  });

  it('metrics are there for whoever calls us by name, and for nobody else', async () => {
    const { port } = await start();
    const { status: code, body } = await ask(port, '/metrics');
    expect(code).toBe(200);
    expect(body).toContain('\nwhytick_ticks_total 17\n');
    expect(body).toContain('\nwhytick_feed_state{state="open"} 1\n');
    expect((await ask(port, '/metrics', { headers: { host: 'evil.example' } })).status).toBe(403);
    expect((await ask(port, '/metrics', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
  });

  it('further origins may be allowed', async () => {
    const { port } = await start({ origins: ['https://dash.example'] });
    expect(await dial(port, { origin: 'https://dash.example', host: 'dash.example' })).toHaveProperty('socket');
    expect(await dial(port, { origin: 'http://dash.example', host: `127.0.0.1:${port}` })).toBe(403);
  });
});

describe('with a token', () => {
  const post = (port: number, token: unknown, headers: Record<string, string> = {}) =>
    ask(port, '/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    });

  it('data need it, whatever the origin', async () => {
    const { port, origin } = await start({ token: TOKEN });
    expect(await dial(port, { origin })).toBe(401);
    expect((await ask(port, '/metrics')).status).toBe(401);
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await ask(port, '/metrics', { headers })).status).toBe(200);
    expect(await dial(port, headers)).toHaveProperty('socket');
    expect(await dial(port, { ...headers, origin: 'https://evil.example' })).toBe(403);
  });

  it('a page exchanges it for a cookie that scripts and other sites cannot use', async () => {
    const { port, origin } = await start({ token: TOKEN });
    const answer = await post(port, TOKEN, { origin });
    expect(answer.status).toBe(204);
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toMatch(new RegExp(`^whytick-${port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`));
    expect(cookie).not.toContain(TOKEN);
    const session = cookie.split(';')[0]!;
    expect(await dial(port, { origin, cookie: `other=1; ${session}` })).toHaveProperty('socket');
    expect((await ask(port, '/metrics', { headers: { cookie: session } })).status).toBe(200);
    expect(await dial(port, { origin: 'https://evil.example', cookie: session })).toBe(403);
    expect(await dial(port, { origin, cookie: `${session}x` })).toBe(401);
    expect(await dial(port, { origin, authorization: `Bearer ${session.split('=')[1]}` })).toBe(401);
  });

  it.each<[string, unknown, Record<string, string>, number]>([
    ['a wrong token', 'guess', {}, 401],
    ['no token', undefined, {}, 401],
    ['a token that is no text', [TOKEN], {}, 401],
    ['a page elsewhere', TOKEN, { origin: 'https://evil.example' }, 403],
    ['another host', TOKEN, { host: 'evil.example' }, 403],
    ['a form', TOKEN, { 'content-type': 'text/plain' }, 401],
  ])('%s gets none', async (_name, token, headers, refusal) => {
    const { port } = await start({ token: TOKEN });
    const answer = await post(port, token, headers);
    expect(answer.status).toBe(refusal);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('guessing ends after ten attempts a minute', async () => {
    const { port } = await start({ token: TOKEN });
    for (let i = 0; i < 10; i++) expect((await post(port, `guess ${i}`)).status).toBe(401);
    expect((await post(port, TOKEN)).status).toBe(429);
  });

  it.each(['short', 'with blanks in it', 'ümlaut-token'])('%j is none', async (token) => {
    await expect(start({ token })).rejects.toThrow("invalid token: '<secret>'");
  });

  it('an origin that is none is refused at the start', async () => {
    await expect(start({ origins: ['dash.example'] })).rejects.toThrow(ConfigError);
    await expect(start({ origins: ['https://dash.example/page'] })).rejects.toThrow('an origin such as');
  });
});

const outside = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

describe.skipIf(!outside)(`beyond loopback${outside ? '' : ' (skipped: this machine has no other address)'}`, () => {
  it.each([outside!, '0.0.0.0'])('bound to %s a token is needed and made', async (host) => {
    const { port, access } = await start({ host });
    const at = `${outside}:${port}`;
    const origin = `http://${at}`;
    expect(access).toMatchObject({ required: true, made: true });
    expect(await dial(port, { origin }, outside)).toBe(401);
    expect((await ask(port, '/metrics', { address: outside! })).status).toBe(401);
    const authorization = `Bearer ${access.token}`;
    expect(await dial(port, { authorization }, outside)).toHaveProperty('socket');
    expect(await dial(port, { authorization, host: 'evil.example' }, outside)).toBe(403);
    const headers = { origin, 'content-type': 'application/json' };
    const body = JSON.stringify({ token: access.token });
    const answer = await ask(port, '/session', { method: 'POST', address: outside!, headers, body });
    const cookie = String(answer.headers['set-cookie']).split(';')[0]!;
    expect(await dial(port, { origin, cookie }, outside)).toHaveProperty('socket');
  });

  it('plain http gets no header that only https can keep', async () => {
    const { port } = await start({ host: outside! });
    const { headers } = await ask(port, '/livez', { address: outside! });
    expect(headers['content-security-policy']).not.toContain('upgrade-insecure-requests');
    expect(headers['strict-transport-security']).toBeUndefined();
    expect(headers['cross-origin-opener-policy']).toBeUndefined();
  });
});

describe('the page', () => {
  let web: string;

  beforeEach(() => {
    web = mkdtempSync(join(tmpdir(), 'whytick-web-'));
    writeFileSync(join(web, 'index.html'), '<!doctype html><title>page</title>');
    mkdirSync(join(web, 'assets'));
    writeFileSync(join(web, 'assets', 'main-abc123.js'), '0');
  });

  afterEach(() => rmSync(web, { recursive: true }));

  it('is served with a policy under which only its own scripts and WebAssembly run', async () => {
    const { port } = await start({ web });
    const { status: code, headers, body } = await ask(port, '/');
    expect([code, body]).toEqual([200, '<!doctype html><title>page</title>']);
    const policy = String(headers['content-security-policy']).split(';');
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy).toContain("worker-src 'self'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy.join()).not.toMatch(/unsafe-inline|upgrade-insecure-requests/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['strict-transport-security']).toBeUndefined();
  });

  it('is asked for anew each time, its hashed files only once', async () => {
    const { port } = await start({ web });
    expect((await ask(port, '/')).headers['cache-control']).toBe('no-cache');
    const { headers } = await ask(port, '/assets/main-abc123.js');
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it.each(['/assets/../../outside', '/assets/%2e%2e/%2e%2e/outside', '/..%2foutside'])(
    'nothing beside it is: %s',
    async (path) => {
      writeFileSync(join(web, '..', 'outside'), 'not for you');
      const { port } = await start({ web });
      const { status: code, body } = await ask(port, path);
      rmSync(join(web, '..', 'outside'));
      expect(code).toBeGreaterThanOrEqual(400);
      expect(body).not.toContain('not for you');
    },
  );
});

describe('health', () => {
  it('says yes or no only, to anybody', async () => {
    const { port } = await start({ token: TOKEN, ready: false });
    const headers = { host: '10.0.0.7:8080' };
    expect(await ask(port, '/livez', { headers })).toMatchObject({ status: 200, body: 'yes\n' });
    expect(await ask(port, '/readyz', { headers })).toMatchObject({ status: 503, body: 'no\n' });
    const ready = await start();
    expect(await ask(ready.port, '/readyz')).toMatchObject({ status: 200, body: 'yes\n' });
  });
});

describe('a dashboard', () => {
  it('is greeted, told what happened before, and then what happens', async () => {
    const { port, hub } = await start();
    hub.publish(wireTick(0), null);
    hub.publish(wireTick(1), new Float32Array(8).fill(0.5));
    hub.status(status);
    const { texts, frames } = await connect(port);
    await vi.waitFor(() => expect(texts).toHaveLength(2));
    hub.publish(wireTick(2), null);
    await vi.waitFor(() => expect(frames).toHaveLength(2));
    expect(texts.map(({ type }) => type)).toEqual(['hello', 'status']);
    expect(frames.map(decodeFrame)).toMatchObject([
      { kind: 'backfill', ticks: [{ index: 0 }, { index: 1 }], cells: { at: 1 } },
      { kind: 'live', ticks: [{ index: 2 }], cells: null },
    ]);
  });

  it('may say something; what makes no sense is answered, and nothing falls over', async () => {
    const { port, heard } = await start();
    const { socket, texts } = await connect(port);
    const junk = [
      '{',
      '[]',
      'null',
      '{"type":"stop"}',
      '{"type":"speed"}',
      '{"type":"speed","value":"9"}',
      '{"__proto__":{"type":"speed"}}',
    ];
    for (const message of junk) socket.send(message);
    socket.send(Buffer.from([1, 2, 3]));
    socket.send('{"type":"speed","value":4}');
    await vi.waitFor(() => expect(heard).toEqual([{ type: 'speed', value: 4 }]));
    const errors = texts.filter(({ type }) => type === 'error');
    expect(errors).toHaveLength(junk.length + 1);
    expect(errors[0]).toEqual({ type: 'error', message: "invalid message: '{' (expected JSON)" });
    for (const { message } of errors) expect(message).toMatch(/^invalid message.* \(expected .+\)$/);
  });

  it('that sends more than 64 KiB at once is closed, and alone', async () => {
    const { port, hub } = await start();
    const [one, other] = [await connect(port), await connect(port)];
    one.socket.send('x'.repeat((64 << 10) + 1));
    expect(await closed(one.socket)).toBe(1009);
    await vi.waitFor(() => expect(hub.clients).toBe(1));
    hub.publish(wireTick(0), null);
    await vi.waitFor(() => expect(other.frames).toHaveLength(1));
  });

  it('that does not read holds nobody up and costs no more than its own ticks', async () => {
    const { port, hub } = await start();
    const [deaf, quick] = [await connect(port), await connect(port)];
    deaf.socket.pause();
    let published = 0;
    let seen = 0;
    while (hub.totals.dropped === 0 && published < 400_000) {
      for (let i = 0; i < 512; i++) hub.publish(wireTick(published++), null);
      while (seen < published) {
        await new Promise((done) => setTimeout(done, 1));
        for (const frame of quick.frames.splice(0)) seen += decodeFrame(frame).ticks.length;
      }
    }
    expect(seen).toBe(published);
    expect(hub.totals.dropped).toBeGreaterThan(0);
    deaf.socket.resume();
    await vi.waitFor(() => expect(decodeFrame(deaf.frames.at(-1)!).ticks.at(-1)!.index).toBe(published - 1), 10_000);
    const got = deaf.frames.flatMap((frame) => decodeFrame(frame).ticks.length).reduce((sum, n) => sum + n);
    expect(got + decodeFrame(deaf.frames.at(-1)!).dropped).toBe(published);
  });

  it('finds nothing elsewhere', async () => {
    const { port, origin } = await start();
    expect(await dial(port, { origin }, '127.0.0.1', '/other')).toBe(404);
    expect(await dial(port, { origin }, '127.0.0.1', '/ws?token=x')).toBe(404);
    expect((await ask(port, '/ws')).status).toBe(404);
  });
});

describe('stopping', () => {
  it('says goodbye with 1001, and ends those who do not answer', async () => {
    const { port, server, hub } = await start();
    const polite = await connect(port);
    const deaf = await connect(port);
    deaf.socket.pause();
    const goodbye = closed(polite.socket);
    hub.publish(wireTick(0), null);
    await server.close();
    expect(await goodbye).toBe(1001);
    expect(polite.frames).toHaveLength(1);
    expect(hub.clients).toBe(0);
    await expect(ask(port, '/livez')).rejects.toThrow('ECONNREFUSED');
    deaf.socket.terminate();
  });
});

describe('an address that cannot be had', () => {
  it('is said clearly', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
    });
    await expect(start({ port })).rejects.toThrow(
      `invalid port: ${port} (expected a free one: this is in use; 0 takes any)`,
    );
    await expect(start({ host: '192.0.2.1' })).rejects.toThrow(
      "invalid host: '192.0.2.1' (expected a name or address of this machine)",
    );
    taken.close();
  });
});

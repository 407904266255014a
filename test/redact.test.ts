import { expect, it } from 'vitest';
import { redact, redactUrl, secretsIn } from '../src/redact.ts';

it('replaces what may be secret, wherever it stands, and nothing else', () => {
  const config = {
    feed: {
      url: 'wss://ada:hunter2@example.org/feed?apikey=abc&symbol=X',
      headers: { 'X-Client': 'abc' },
      subscribe: [
        { op: 'login', args: [{ apiKey: 'k', passphrase: 'p', sign: 's' }] },
        { op: 'subscribe', args: ['trades'] },
      ],
    },
    token: 'abc',
    tokenFile: null,
    window: 64,
    model: 'market.safetensors',
  };
  expect(redact(config)).toEqual({
    feed: {
      url: 'wss://<secret>@example.org/feed?<secret>',
      headers: { 'X-Client': '<secret>' },
      subscribe: [
        { op: 'login', args: [{ apiKey: '<secret>', passphrase: '<secret>', sign: '<secret>' }] },
        { op: 'subscribe', args: ['trades'] },
      ],
    },
    token: '<secret>',
    tokenFile: null,
    window: 64,
    model: 'market.safetensors',
  });
});

it('leaves nothing of what is said to a server in words of its own', () => {
  const subscribe = ['login hunter2', '{"op":"login","token":"hunter2"}', { auth: 'hunter2', channel: 'x' }];
  expect(redact({ subscribe })).toEqual({
    subscribe: ['<secret>', '{"op":"login","token":"<secret>"}', { auth: '<secret>', channel: 'x' }],
  });
});

it.each([
  ['ws://ada:p@ss@host/a@b', 'ws://<secret>@host/a@b'],
  ['wss://host/ws/btcusdt@trade', 'wss://host/ws/btcusdt@trade'],
  ['ws://ada:pa/ss@host/a', 'ws://<secret>@host/a'],
  ['nats://token@host:4222/a.>', 'nats://<secret>@host:4222/a.>'],
])('%s is shown as %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});

it('knows in which ways a secret may be said again', () => {
  const found = secretsIn({
    url: 'mqtt://mqtt:p%2Bss@host/a?key=a%20key&stream=PLANT',
    headers: { authorization: 'Bearer abc123', count: 12345 },
    password: 'xyz',
    staleAfter: 10,
  });
  expect(found).toEqual(
    expect.arrayContaining(['p+ss', 'p%2Bss', btoa('mqtt:p+ss'), 'a key', 'a%20key', 'abc123', '12345']),
  );
  // what is plain, too short, or the name of the protocol
  for (const text of ['PLANT', 'xyz', 'mqtt']) expect(found).not.toContain(text);
});

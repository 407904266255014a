import { expect, it } from 'vitest';
import { redact } from '../src/redact.ts';

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

import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config.ts';
import { ConfigError } from '../src/errors.ts';

const least = { feed: { url: 'ws://127.0.0.1:9000' }, mapping: { time: { path: 'ts' }, features: { x: 'x' } } };

describe('a config', () => {
  it('may leave out all but the feed and what its messages mean', () => {
    expect(parseConfig(least)).toEqual({
      feed: { url: 'ws://127.0.0.1:9000', subscribe: [], deflate: false, staleAfter: 30 },
      name: null,
      model: null,
      architecture: null,
      record: null,
      server: { host: '127.0.0.1', port: 4680, origins: [], tokenFile: null },
      engine: {
        mapping: { time: { path: 'ts', format: 'auto', maxAhead: 60 }, features: { x: 'x' }, missing: 'drop' },
        columns: null,
        explain: {
          method: 'rolling-occlusion',
          window: 64,
          eps: 1e-6,
          baseline: null,
          target: null,
          mode: null,
          score: 'raw',
          recent: 1024,
        },
        alerts: [],
      },
    });
  });

  it.each<[unknown, string]>([
    [null, 'invalid serve.yaml: null (expected an object)'],
    [{ mapping: least.mapping }, 'invalid serve.yaml: feed: nothing (expected an object)'],
    [
      { ...least, feed: { url: 'ftp://me:secret@x/?token=secret' } },
      "invalid serve.yaml: feed.url: 'ftp://<secret>@x/?<secret>' (expected a URL that begins with ws:, wss:, http:, https:, ",
    ],
    [
      { ...least, feed: { ...least.feed, retry: 1 } },
      'invalid serve.yaml: feed.retry: 1 (expected no field of this name)',
    ],
    [{ ...least, feeds: [] }, 'invalid serve.yaml: feeds: [] (expected no field of this name)'],
    [
      { ...least, feed: { ...least.feed, staleAfter: -1 } },
      'invalid serve.yaml: feed.staleAfter: -1 (expected at least 0)',
    ],
    [
      { ...least, mapping: { time: { path: 't', format: 'sec' }, features: { a: 'a' } } },
      "invalid serve.yaml: mapping.time.format: 'sec' (expected s|ms|us|ns|iso|auto)",
    ],
    [
      { ...least, mapping: { time: { path: 't' }, features: { a: { path: 'a', mim: 1 } } } },
      'invalid serve.yaml: mapping.features.a.mim: 1 (expected no field of this name)',
    ],
    [
      { ...least, mapping: { time: { path: 't' }, features: { a: 'a..b' } } },
      "invalid serve.yaml: mapping.features.a: 'a..b' (expected a path: names joined by dots, none of them empty)",
    ],
    [
      { ...least, mapping: { time: { path: 't' }, features: { a: 3 } } },
      'invalid serve.yaml: mapping.features.a: 3 (expected a path or {path, scale, offset, min, max})',
    ],
    [{ ...least, server: { port: 70_000 } }, 'invalid serve.yaml: server.port: 70000 (expected at most 65535)'],
    [{ ...least, server: { port: '80' } }, "invalid serve.yaml: server.port: '80' (expected a number)"],
    [{ ...least, columns: 'a' }, "invalid serve.yaml: columns: 'a' (expected an array)"],
    [
      { ...least, explain: { baseline: 'men' } },
      "invalid serve.yaml: explain.baseline: 'men' (expected zero|mean|last or an array)",
    ],
  ])('says of %j what is wrong', (config, message) => {
    const parse = () => parseConfig(config, (path) => (path === '' ? 'serve.yaml' : `serve.yaml: ${path}`));
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(message);
  });

  it.each([
    { detector: 'adwinn', options: {} },
    { detector: 'page-hinkley', options: { deltaa: 1 } },
  ])('names the rule whose detector is wrong: %j', (wrong) => {
    const rule = { name: 'r', on: 'residual', keepFiringFor: 1, ...wrong };
    expect(() => parseConfig({ ...least, alerts: [rule] })).toThrow(
      /^alerts\.0\.detector: invalid .+page-hinkley|^alerts\.0\.detector: invalid page-hinkley option/,
    );
  });
});

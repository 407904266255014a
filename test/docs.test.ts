import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../src/config.ts';
import { Engine } from '../src/engine.ts';
import { findFeed, openFeed } from '../src/feeds/index.ts';
import { findMethod } from '../src/methods/index.ts';
import { asset } from '../src/node/assets.ts';
import '../src/node/feeds/index.ts';
import { FeedSocket } from '../src/node/socket.ts';
import { kernels } from './kernels.ts';

it('the tables of docs are what the registries say', async () => {
  const { stderr } = await promisify(execFile)(process.execPath, [asset('scripts/docs.mjs'), '--check']);
  expect(stderr).toBe('');
});

it('docs/methods.md advises methods that there are', () => {
  const page = readFileSync(asset('docs/methods.md'), 'utf8');
  const advice = page.slice(page.indexOf('## How to choose'), page.indexOf('## The list'));
  const advised = Array.from(advice.matchAll(/`([a-z-]+)`/g), ([, name]) => name!);
  expect(advised).toContain('rolling-occlusion');
  for (const name of advised) expect(findMethod(name).name).toBe(name);
});

it('every config in docs/feeds.md is one', () => {
  const page = readFileSync(asset('docs/feeds.md'), 'utf8');
  const configs = Array.from(page.matchAll(/```yaml\n([\s\S]*?)```/g), ([, text]) => parse(text!) as object).filter(
    (config) => 'feed' in config || 'mapping' in config,
  );
  expect(configs.length).toBeGreaterThan(10);
  const edge = { WebSocket: FeedSocket, fetch, random: Math.random };
  for (const config of configs) {
    const flat = 'mapping' in config ? {} : { mapping: { time: { path: 't' }, features: { x: 'x' } } };
    const url = (config as { feed?: { url: string } }).feed?.url ?? 'ws://127.0.0.1:9000';
    const { feed, engine } = parseConfig({ feed: { url }, ...(findFeed(url)?.mapping ? {} : flat), ...config });
    new Engine({ kernels, spec: null, config: engine, wall: () => 0n });
    // what stands for a secret is filled in
    const names = Array.from(JSON.stringify(feed).matchAll(/\$\{(\w+)\}/g), ([, name]) => [name!, `the ${name}`]);
    // a certificate that is a reader's own
    openFeed({ ...feed, ca: undefined } as typeof feed, { ...edge, environment: Object.fromEntries(names) });
  }
});

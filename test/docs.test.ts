import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { findMethod } from '../src/methods/index.ts';
import { asset } from '../src/node/assets.ts';

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

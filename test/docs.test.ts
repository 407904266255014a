import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { asset } from '../src/node/assets.ts';

it('the tables of docs are what the registries say', async () => {
  const { stderr } = await promisify(execFile)(process.execPath, [asset('scripts/docs.mjs'), '--check']);
  expect(stderr).toBe('');
});

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const gzip = (file: string): number => gzipSync(readFileSync(`${root}${file}`)).length;

describe('the package', () => {
  it('holds what a user needs and nothing else', () => {
    const listed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
    });
    const [{ files }] = JSON.parse(listed.slice(listed.indexOf('['))) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    for (const needed of [
      'README.md',
      'LICENSE',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/node/cli/index.js',
      'dist/kernels/whytick.wasm',
      'dist/kernels/whytick.scalar.wasm',
      'dist/web/index.html',
      'demo/market.safetensors',
      'demo/sp500-2000.csv',
    ]) {
      expect(paths).toContain(needed);
    }
    const tops = new Set(paths.map((path) => path.split('/')[0]));
    expect([...tops].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'demo',
      'dist',
      'examples',
      'package.json',
    ]);
    expect(paths.filter((path) => /debug|\.map$|bench|test/.test(path))).toEqual([]);
  });

  it('kernels under 40 KB gzip', () => {
    for (const build of ['whytick', 'whytick.scalar']) expect(gzip(`dist/kernels/${build}.wasm`)).toBeLessThan(40_000);
  });

  it('the first load of the dashboard under 120 KB gzip', () => {
    const assets = readdirSync(`${root}dist/web/assets`);
    const sum = assets.reduce((bytes, name) => bytes + gzip(`dist/web/assets/${name}`), gzip('dist/web/index.html'));
    expect(sum).toBeLessThan(120_000);
  });
});

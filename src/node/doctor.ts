/** What this machine supports, and what is wrong. */
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { cpus, freemem } from 'node:os';
import { asset, readKernels } from './assets.ts';
import { packageVersion } from './version.ts';

/** `warning`: everything works, something may surprise. */
export interface Check {
  name: string;
  state: 'ok' | 'warning' | 'error';
  detail: string;
}

/** The smallest module with a SIMD instruction: (func (result v128) i32.const 0 i8x16.splat). */
const SIMD = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  8,
  1,
  6,
  0,
  65,
  0,
  253,
  15,
  11,
);
const NODE = { major: 20, minor: 19 };

/** Runs every check. @param port the port that the dashboard would take */
export async function examine(port: number): Promise<Check[]> {
  return [
    { name: 'whytick', state: 'ok', detail: packageVersion() },
    node(),
    simd(),
    await kernels(),
    await page(),
    await folder(),
    machine(),
    await portCheck(port),
  ];
}

function node(): Check {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const ok = major > NODE.major || (major === NODE.major && minor >= NODE.minor);
  const detail = `${process.versions.node}${ok ? '' : ` (expected ${NODE.major}.${NODE.minor} or later)`}`;
  return { name: 'Node.js', state: ok ? 'ok' : 'error', detail };
}

function simd(): Check {
  return WebAssembly.validate(SIMD)
    ? { name: 'WebAssembly SIMD', state: 'ok', detail: 'supported' }
    : {
        name: 'WebAssembly SIMD',
        state: 'error',
        detail: 'not supported (expected an x86-64 or ARM64 build of Node.js)',
      };
}

async function kernels(): Promise<Check> {
  try {
    const { hash } = await readKernels();
    return { name: 'kernels', state: 'ok', detail: `SHA-256 ${hash}` };
  } catch (error) {
    return { name: 'kernels', state: 'error', detail: `${(error as Error).message} (expected after npm run build)` };
  }
}

async function page(): Promise<Check> {
  const built = await can(asset('dist/web/index.html'), constants.R_OK);
  return {
    name: 'dashboard page',
    state: built ? 'ok' : 'error',
    detail: built ? 'built' : 'not built (expected after npm run build)',
  };
}

async function folder(): Promise<Check> {
  const name = 'this folder';
  if (!(await can('.', constants.W_OK))) {
    return { name, state: 'warning', detail: 'cannot be written to: record elsewhere, --record /path/to/FILE.mcap' };
  }
  const { bavail, bsize } = await statfs('.');
  const free = bavail * bsize;
  const detail = `can be written to, ${gigabytes(free)} free`;
  return { name, state: free < 1e9 ? 'warning' : 'ok', detail };
}

function machine(): Check {
  const cores = cpus().length;
  return {
    name: 'machine',
    state: 'ok',
    detail: `${cores} ${cores === 1 ? 'core' : 'cores'}, ${gigabytes(freemem())} of memory free`,
  };
}

async function portCheck(port: number): Promise<Check> {
  const code = await new Promise<string | null>((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(null)));
  });
  const name = `port ${port}`;
  return code === null
    ? { name, state: 'ok', detail: 'free' }
    : { name, state: 'warning', detail: code === 'EADDRINUSE' ? 'in use: choose another with --port' : code };
}

async function can(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

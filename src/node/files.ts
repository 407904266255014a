import { existsSync, readFileSync, type Stats, statSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError, invalid } from '../errors.ts';
import { asset } from './assets.ts';

/**
 * Reads a file that the user named. Where there is no `demo/...` here, the package's own is meant, so that the examples
 * in help texts run in any folder.
 * @param what how the command calls it (`DATA`, `--model`), for the message
 * @param pipes whether it may be a pipe, such as `<(command)`
 * @throws ConfigError where it cannot be read
 */
export async function readNamedFile(path: string, what: string, pipes = false): Promise<Uint8Array> {
  const found = whereIs(path);
  try {
    checkKind(statSync(found), pipes);
    return await readFile(found);
  } catch (cause) {
    throw unreadable(what, path, cause);
  }
}

function whereIs(path: string): string {
  return path.startsWith('demo/') && !existsSync(path) ? asset(path) : path;
}

/** A device or a pipe may never end. */
function checkKind(stats: Stats, pipes: boolean): void {
  if (!stats.isFile() && !stats.isDirectory() && !(pipes && stats.isFIFO())) throw new Error('this is no regular file');
}

/**
 * A file in the folder of another one, synchronously: readers of models ask for shards while they read.
 * @throws ConfigError where it cannot be read
 */
export function readBeside(path: string, name: string): Uint8Array {
  const found = join(dirname(whereIs(path)), name);
  try {
    checkKind(statSync(found), false);
    return readFileSync(found);
  } catch (cause) {
    throw unreadable(`${basename(path)} ${name}`, join(dirname(path), name), cause);
  }
}

function unreadable(what: string, path: string, cause: unknown): ConfigError {
  const why = reasons[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message;
  return new ConfigError(invalid(what, path, `a file that can be read: ${why}`), { cause });
}

const reasons: Record<string, string> = {
  ENOENT: 'there is none of that name',
  EISDIR: 'this is a folder',
  EACCES: 'permission denied',
};

/** All of stdin. */
export async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** @throws ConfigError for what is no name of a new file of that kind; default: a native model */
export function checkNew(out: string, what: string, force: boolean, ending = '.safetensors'): void {
  if (!out.endsWith(ending)) throw new ConfigError(invalid(what, out, `a name that ends in ${ending}`));
  if (existsSync(out) && !force)
    throw new ConfigError(invalid(what, out, 'the name of a new file, or --force to replace it'));
}

/** Writes a file so that whoever reads it sees the old one or the new one, never half of it. @throws ConfigError */
export async function writeWhole(out: string, bytes: Uint8Array, what: string): Promise<void> {
  try {
    await writeFile(`${out}.part`, bytes);
    await rename(`${out}.part`, out);
  } catch (cause) {
    await rm(`${out}.part`, { force: true });
    throw new ConfigError(invalid(what, out, `a file that can be written: ${(cause as Error).message}`), { cause });
  }
}

import { readFile } from 'node:fs/promises';
import { ConfigError, invalid } from '../errors.ts';

/**
 * Reads a file that the user named.
 * @param path the file, or `-` for all of stdin
 * @param what how the command calls it (`DATA`, `--model`), for the message
 * @throws ConfigError where it cannot be read
 */
export async function readNamedFile(path: string, what: string): Promise<Uint8Array> {
  if (path === '-') return readStdin();
  try {
    return await readFile(path);
  } catch (cause) {
    const why = reasons[(cause as NodeJS.ErrnoException).code ?? ''] ?? (cause as Error).message;
    throw new ConfigError(invalid(what, path, `a file that can be read: ${why}`), { cause });
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'there is none of that name',
  EISDIR: 'this is a folder',
  EACCES: 'permission denied',
};

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

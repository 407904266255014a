import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { ConfigError, invalid } from '../errors.ts';
import type { RecordingFile } from '../recording/writer.ts';

const expected: Record<string, string> = {
  ENOENT: 'a path in a folder that exists',
  EACCES: 'a folder that can be written to',
  EROFS: 'a folder that can be written to',
};

/**
 * Writes a file that is there whole or not at all: beside it first, then renamed.
 * @param what how the command calls it, for the message
 * @param replace whether a file of that name gives way; it does so once the new one is whole
 * @throws ConfigError where it is there already, or cannot be created; what `write` throws
 */
export async function writeNew<T>(
  out: string,
  what: string,
  write: (file: Pick<RecordingFile, 'write'>) => Promise<T>,
  replace = false,
): Promise<T> {
  if (existsSync(out) && !replace)
    throw new ConfigError(invalid(what, out, 'a file that does not exist yet: recordings are never overwritten'));
  const path = existsSync(out) ? realpathSync(out) : out;
  const part = `${path}.${process.pid}.part`;
  const fd = open(part, out, what);
  try {
    const result = await write({
      write(bytes) {
        for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at);
      },
    });
    fsyncSync(fd);
    if (existsSync(path)) chmodSync(part, statSync(path).mode);
    renameSync(part, path);
    return result;
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function open(part: string, out: string, what: string): number {
  try {
    return openSync(part, 'wx');
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new ConfigError(invalid(what, out, expected[code] ?? message), { cause });
  }
}

import { closeSync, fdatasync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError, invalid } from '../errors.ts';
import { type ByteSource, Recording } from '../recording/reader.ts';
import type { RecordingFile } from '../recording/writer.ts';

const datasync = promisify(fdatasync);

/**
 * Creates a file for a recording.
 * @throws ConfigError where it exists already, or cannot be created: a recording is never overwritten
 */
export function createRecordingFile(path: string): RecordingFile {
  const fd = open(path, 'wx', 'recording', {
    EEXIST: 'a file that does not exist yet: recordings are never overwritten',
    ENOENT: 'a path in a folder that exists',
    EACCES: 'a folder that can be written to',
    EROFS: 'a folder that can be written to',
  });
  let closed = false;
  return {
    write(bytes) {
      for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at);
    },
    sync: () => datasync(fd),
    async close() {
      if (!closed) closeSync(fd);
      closed = true;
    },
  };
}

/**
 * A recording that is there.
 * @returns its bytes at random places, and `close`
 * @throws ConfigError where it cannot be read
 */
export function openRecordingFile(path: string): ByteSource & { close(): void } {
  const fd = open(path, 'r', 'FILE', {
    ENOENT: 'a file that exists',
    EACCES: 'a file that can be read',
    EISDIR: 'a file, not a folder',
  });
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw new ConfigError(invalid('FILE', path, 'a file, not a folder'));
  }
  return {
    size: stat.size,
    read(offset, length) {
      const bytes = new Uint8Array(length);
      let at = 0;
      while (at < length) {
        const n = readSync(fd, bytes, at, length - at, offset + at);
        if (n === 0) throw new Error(`${path} became shorter while it was read`);
        at += n;
      }
      return bytes;
    },
    close: () => closeSync(fd),
  };
}

function open(path: string, flags: string, what: string, expected: Record<string, string>): number {
  try {
    return openSync(path, flags);
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new ConfigError(invalid(what, path, expected[code] ?? message), { cause });
  }
}

/**
 * Opens a recording by its path. The file stays open as long as the process lives.
 * @throws ConfigError where it cannot be read, DataError where it is none
 */
export function openRecording(path: string): Promise<Recording> {
  return Recording.open(openRecordingFile(path), basename(path));
}

import { ConfigError, invalid, ModelError } from '../../../errors.ts';
import type { ModelFile } from '../index.ts';

/** The shards of one group, as one run of bytes that is never put together. */
export interface Shards {
  /** Bytes of all of them. */
  readonly length: number;
  /** A piece, copied. */
  copy(start: number, length: number): Uint8Array<ArrayBuffer>;
  /** The error for a tensor that ends beyond them. */
  short(tensor: string, bytes: number): ModelError;
  /** The error for bytes that belong to no tensor. */
  surplus(used: number): ModelError;
}

/**
 * Reads the shards of a group.
 * @param paths relative to model.json
 * @param seen shards so far: none may be named twice
 * @throws ModelError naming the shard
 */
export function openShards(paths: readonly string[], { file, beside }: ModelFile, seen: Set<string>): Shards {
  const shards = paths.map((path) => {
    const name = checkPath(path, file);
    if (seen.has(name)) throw new ModelError(invalid(`${file} ${path}`, 'a shard named twice', 'each shard once'));
    seen.add(name);
    return { path, bytes: read(name, file, beside) };
  });
  const length = shards.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const named = `${file} ${paths.join(', ').slice(0, 80) || 'weightsManifest'}`;
  return {
    length,
    copy: (start, size) => copy(shards, start, size),
    short: (tensor, bytes) => new ModelError(invalid(named, `${length} bytes`, `${bytes} more, for ${tensor}`)),
    surplus: (used) => new ModelError(invalid(named, `${length} bytes`, `${used}, those of its tensors`)),
  };
}

/**
 * A path that stays beside the file.
 * @throws ModelError for one that leads elsewhere
 */
function checkPath(path: string, file: string): string {
  const parts = path.split('/').filter((part) => part !== '.');
  const leaves = path.startsWith('/') || /[\\:\0]/.test(path) || parts.some((part) => part === '..' || part === '');
  if (path === '' || parts.length === 0 || leaves) {
    throw new ModelError(invalid(`${file} weightsManifest paths`, path, 'a file beside it'));
  }
  return parts.join('/');
}

function read(name: string, file: string, beside: ModelFile['beside']): Uint8Array {
  const path = `${file} ${name}`;
  if (!beside) throw new ModelError(invalid(path, undefined, 'the shard of weights beside the file'));
  try {
    return beside(name);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError(invalid(path, text, 'a shard of weights that can be read'), { cause });
  }
}

function copy(shards: readonly { bytes: Uint8Array }[], start: number, length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length);
  let at = 0;
  for (const { bytes } of shards) {
    const [from, to] = [Math.max(start - at, 0), Math.min(start + length - at, bytes.length)];
    if (from < to) out.set(bytes.subarray(from, to), at + from - start);
    at += bytes.length;
  }
  return out;
}

import type { Hdf5Cursor, Hdf5File } from './file.ts';

/** What a tree holds: symbol nodes of a group, or chunks of a dataset. */
export const TREE = { group: 0, chunks: 1 } as const;

/** Trees of version 1 are wide: real ones have two or three levels. */
const MAX_LEVELS = 16;

/**
 * Walks a version 1 B-tree from left to right.
 *
 *     TREE, u8 what, u8 level, u16 entries, left sibling, right sibling, key 0, child 0, key 1, child 1, ... key n
 *
 * @param key reads one key
 * @returns the children of all leaves, each with the key before it
 * @throws ModelError where a node is damaged, of another tree, or met twice
 */
export function* walkTree<K>(
  file: Hdf5File,
  root: number,
  what: (typeof TREE)[keyof typeof TREE],
  key: (cursor: Hdf5Cursor) => K,
  path: string,
): Generator<{ key: K; child: number }> {
  const met = new Set<number>();
  const visit = function* (address: number, level: number | null): Generator<{ key: K; child: number }> {
    const node = file.cursor(`${path} B-tree`, address);
    if (met.has(address)) throw node.wrong(`the node at byte ${address} twice`, 'a tree');
    met.add(address);
    node.signature('TREE');
    if (node.u8() !== what) throw node.wrong('nodes of another kind', what === TREE.group ? 'a group' : 'chunks');
    const found = node.u8();
    if (level === null ? found >= MAX_LEVELS : found !== level) {
      throw node.wrong(`level ${found}`, level === null ? `below ${MAX_LEVELS}` : `level ${level}`);
    }
    const entries = node.u16();
    node.address();
    node.address();
    for (let i = 0; i < entries; i++) {
      file.budget.step(path);
      const entry = { key: key(node), child: node.place() };
      if (found === 0) yield entry;
      else yield* visit(entry.child, found - 1);
    }
  };
  yield* visit(root, null);
}

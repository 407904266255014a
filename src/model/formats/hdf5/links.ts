import { invalid, ModelError } from '../../../errors.ts';
import { decodeText } from '../cursor.ts';
import { TREE, walkTree } from './btree.ts';
import type { Hdf5Cursor, Hdf5File } from './file.ts';
import { MESSAGE, type Message } from './header.ts';

/** Where a member's object header is; a link that leads elsewhere says what it is instead. */
export type Link = number | 'a soft link' | 'an external link' | 'a user-defined link';

/** Longer names are refused. */
const MAX_NAME = 1024;

/**
 * The members of a group by name, in the file's order: those of its symbol table, or of its link messages.
 * @throws ModelError where they are damaged, or kept in a way that is not read
 */
export function readLinks(file: Hdf5File, messages: readonly Message[], path: string): Map<string, Link> {
  const links = new Map<string, Link>();
  const add = (name: string, link: Link): void => {
    if (links.has(name) || name.includes('/')) {
      throw new ModelError(invalid(`${path} member`, name, 'names without a slash, each once'));
    }
    file.budget.step(path, 1 + (name.length >> 4));
    links.set(name, link);
  };
  for (const { type, body } of messages) {
    if (type === MESSAGE.symbolTable) readSymbolTable(file, body.again(), path, add);
    if (type === MESSAGE.link) readLink(body.again(), add);
    if (type === MESSAGE.linkInfo) refuseDense(body.again());
  }
  return links;
}

function readSymbolTable(
  file: Hdf5File,
  body: Hdf5Cursor,
  path: string,
  add: (name: string, link: Link) => void,
): void {
  const tree = body.place();
  const heap = readLocalHeap(file, body.place(), path);
  // a group's keys are offsets into the heap; they only matter to who searches
  for (const { child } of walkTree(file, tree, TREE.group, (cursor) => cursor.length(), path)) {
    const node = file.cursor(`${path} symbol node`, child);
    node.signature('SNOD');
    node.version(1);
    node.advance(1);
    const count = node.u16();
    for (let i = 0; i < count; i++) {
      const name = nameAt(heap, node.length());
      const header = node.address();
      const soft = node.u32() === 2;
      node.advance(20);
      if (!soft && header === null) throw node.wrong('an undefined address', `the object header of '${name}'`);
      add(name, soft ? 'a soft link' : header!);
    }
  }
}

/** The names of a group: HEAP, version, 3 x -, bytes, first free byte, address. */
function readLocalHeap(file: Hdf5File, address: number, path: string): Hdf5Cursor {
  const heap = file.cursor(`${path} local heap`, address);
  heap.signature('HEAP');
  heap.version(0);
  heap.advance(3);
  const size = heap.length();
  heap.length();
  return file.cursor(`${path} local heap`, heap.place(), size);
}

function nameAt(heap: Hdf5Cursor, offset: number): string {
  const rest = heap.bytes.subarray(heap.at, heap.end).subarray(offset, offset + MAX_NAME);
  const length = rest.indexOf(0);
  if (length < 1) throw heap.wrong(`no name at byte ${offset}`, 'a name that ends');
  return decodeText(rest.subarray(0, length), `${heap.path} name`);
}

/** Version, flags, [type], [u64 order], [u8 charset], bytes of the name, name, address. */
function readLink(body: Hdf5Cursor, add: (name: string, link: Link) => void): void {
  body.version(1);
  const flags = body.u8();
  const type = flags & 8 ? body.u8() : 0;
  if (flags & 4) body.advance(8);
  if (flags & 16) body.advance(1);
  const length = body.uint(1 << (flags & 3));
  if (length < 1 || length > MAX_NAME) throw body.wrong(`a name of ${length} bytes`, `1 to ${MAX_NAME}`);
  const name = decodeText(body.take(length), `${body.path} link name`);
  if (type === 0) add(name, body.place());
  else if (type === 1) add(name, 'a soft link');
  else add(name, type === 64 ? 'an external link' : 'a user-defined link');
}

/** A group of very many members keeps them in a fractal heap, and says so here. */
function refuseDense(body: Hdf5Cursor): void {
  body.version(0);
  if (body.u8() & 1) body.advance(8);
  if (body.address() !== null) throw body.wrong('dense links in a fractal heap', 'compact links or a symbol table');
}

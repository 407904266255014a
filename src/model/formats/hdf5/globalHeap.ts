import { decodeText } from '../cursor.ts';
import type { Hdf5Cursor, Hdf5File } from './file.ts';

/**
 * Texts of variable length: u32 bytes, address of a collection and u32 number of an object in it.
 * @param data the references, end to end
 * @throws ModelError where a collection is damaged or has no such object
 */
export function readHeapTexts(file: Hdf5File, data: Hdf5Cursor, count: number): string[] {
  return Array.from({ length: count }, () => {
    const size = data.u32();
    const address = data.address();
    const index = data.u32();
    if (address === null || size === 0) return '';
    const object = readCollection(file, address, data.path).get(index)?.again();
    if (!object || object.left < size) throw data.wrong(`text ${index} of ${size} bytes`, 'one in its heap');
    file.budget.read(data.path, size);
    return decodeText(object.take(size), data.path);
  });
}

/** GCOL, version, 3 x -, bytes; objects of u16 number, u16 links, 4 x -, bytes, content up to a multiple of 8 bytes. */
function readCollection(file: Hdf5File, address: number, path: string): ReadonlyMap<number, Hdf5Cursor> {
  const known = file.heaps.get(address);
  if (known) return known;
  const head = file.cursor(`${path} global heap`, address);
  head.signature('GCOL');
  head.version(1);
  head.advance(3);
  const size = head.length();
  const heap = file.cursor(head.path, address, size);
  heap.advance(head.at - address);
  const objects = new Map<number, Hdf5Cursor>();
  // object 0 is the free space at the end
  while (heap.left >= 16) {
    const index = heap.u16();
    heap.advance(6);
    const bytes = heap.length();
    if (index === 0) break;
    file.budget.step(path);
    objects.set(index, heap.part(bytes));
    heap.advance(Math.min(-bytes & 7, heap.left));
  }
  file.heaps.set(address, objects);
  return objects;
}

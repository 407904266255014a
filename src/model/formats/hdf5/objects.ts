import { invalid, ModelError } from '../../../errors.ts';
import type { Hdf5Dataset, Hdf5Group, Hdf5Value } from '../hdf5.ts';
import { type Attribute, readAttribute, readValue } from './attribute.ts';
import { readChunks } from './chunks.ts';
import { countOf, readDataspace } from './dataspace.ts';
import { type Datatype, readDatatype } from './datatype.ts';
import type { Hdf5Cursor, Hdf5File } from './file.ts';
import { readFilters } from './filters.ts';
import { MESSAGE, type Message, readHeader } from './header.ts';
import { type Layout, readLayout } from './layout.ts';
import { type Link, readLinks } from './links.ts';
import { isNumeric, toFloats } from './numbers.ts';

/**
 * Opens the object whose header is at an address.
 * @param path the object, for messages
 * @throws ModelError where it is damaged or neither a group nor a dataset
 */
export function openObject(file: Hdf5File, address: number, path: string): Group | Dataset {
  file.budget.object(path);
  const messages = readHeader(file, address, path);
  const has = (...types: number[]): boolean => messages.some(({ type }) => types.includes(type));
  if (has(MESSAGE.layout)) return new Dataset(file, messages, path);
  if (has(MESSAGE.symbolTable, MESSAGE.linkInfo, MESSAGE.link, MESSAGE.groupInfo))
    return new Group(file, messages, path);
  throw new ModelError(invalid(path, 'an object of another kind', 'a group or a dataset'));
}

/** What groups and datasets share. */
class Attributed {
  protected readonly file: Hdf5File;
  protected readonly messages: readonly Message[];
  protected readonly path: string;
  #attributes: Map<string, Attribute> | null = null;

  constructor(file: Hdf5File, messages: readonly Message[], path: string) {
    this.file = file;
    this.messages = messages;
    this.path = path;
  }

  attributes(): string[] {
    return [...this.#read().keys()];
  }

  attribute(name: string): Hdf5Value | undefined {
    const attribute = this.#read().get(name);
    return attribute && readValue(this.file, attribute);
  }

  #read(): Map<string, Attribute> {
    if (this.#attributes) return this.#attributes;
    const attributes = new Map<string, Attribute>();
    for (const { type, body } of this.messages) {
      if (type === MESSAGE.attributeInfo) refuseDense(body.again());
      if (type !== MESSAGE.attribute) continue;
      const attribute = readAttribute(body.again());
      attributes.set(attribute.name, attribute);
    }
    return (this.#attributes = attributes);
  }
}

/** Very many attributes lie in a fractal heap: attributes of Keras do not. */
function refuseDense(body: Hdf5Cursor): void {
  body.version(0);
  if (body.u8() & 1) body.advance(2);
  if (body.address() !== null)
    throw body.wrong('dense attributes in a fractal heap', 'attributes in the object header');
}

class Group extends Attributed implements Hdf5Group {
  readonly kind = 'group';
  readonly #opened = new Map<string, Group | Dataset>();
  #links: Map<string, Link> | null = null;

  keys(): string[] {
    return [...this.#read().keys()];
  }

  get(path: string): Group | Dataset | null {
    let found: Group | Dataset = this;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const member: Group | Dataset | null = found instanceof Group ? found.#member(name) : null;
      if (!member) return null;
      found = member;
    }
    return found;
  }

  #member(name: string): Group | Dataset | null {
    const opened = this.#opened.get(name);
    if (opened) return opened;
    const link = this.#read().get(name);
    if (link === undefined) return null;
    const path = this.path === this.file.path ? `${this.path} ${name}` : `${this.path}/${name}`;
    if (typeof link === 'string') throw new ModelError(invalid(path, link, 'a group or a dataset'));
    const member = openObject(this.file, link, path);
    this.#opened.set(name, member);
    return member;
  }

  #read(): Map<string, Link> {
    return (this.#links ??= readLinks(this.file, this.messages, this.path));
  }
}

class Dataset extends Attributed implements Hdf5Dataset {
  readonly kind = 'dataset';
  readonly shape: readonly number[];
  readonly #type: Datatype;
  readonly #count: number;
  readonly #layout: Layout;

  constructor(file: Hdf5File, messages: readonly Message[], path: string) {
    super(file, messages, path);
    this.#type = this.#known(readDatatype(this.#body(MESSAGE.datatype, 'a datatype')));
    const space = this.#body(MESSAGE.dataspace, 'a dataspace');
    this.shape = readDataspace(space) ?? [0];
    this.#count = countOf(this.shape, space);
    this.#layout = readLayout(this.#body(MESSAGE.layout, 'a layout'), this.shape.length, this.#type.size);
  }

  get type(): string {
    return this.#type.name;
  }

  floats(): Float32Array {
    if (!isNumeric(this.#type)) throw new ModelError(invalid(this.path, this.#type.name, 'numbers'));
    return this.#count === 0 ? new Float32Array(0) : toFloats(this.#bytes(), this.#type);
  }

  /** The bytes of all values, row-major: a view where they lie in one piece. */
  #bytes(): Uint8Array {
    const { file, shape, path } = this;
    const layout = this.#layout;
    const valueSize = this.#type.size;
    const filters = this.messages
      .filter(({ type }) => type === MESSAGE.filters)
      .flatMap(({ body }) => readFilters(body.again()));
    if (layout.kind === 'chunks') return readChunks({ file, shape, valueSize, filters, path, ...layout });
    const needed = this.#count * valueSize;
    if (layout.address === null || layout.size !== needed) {
      const found = layout.address === null ? 'no values' : `${layout.size} bytes of values`;
      throw new ModelError(invalid(path, found, `${needed} bytes for shape [${shape.join(', ')}]`));
    }
    const bytes = file.cursor(path, layout.address, needed).take(needed);
    file.budget.read(path, needed);
    return bytes;
  }

  /** HDF5 has no bfloat16: Keras writes it as opaque values, and says so in an attribute. */
  #known(type: Datatype): Datatype {
    const brain = type.name === 'opaque' && type.size === 2 && this.attribute('dtype') === 'bfloat16';
    return brain ? { kind: 'float', name: 'bfloat16', size: 2, little: true } : type;
  }

  #body(wanted: number, name: string): Hdf5Cursor {
    const message = this.messages.find(({ type }) => type === wanted);
    if (!message) throw new ModelError(invalid(this.path, 'a dataset without it', name));
    return message.body.again();
  }
}

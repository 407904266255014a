import { invalid, ModelError } from '../../../errors.ts';
import { globals, isWhole } from './globals.ts';
import { PickleReader } from './reader.ts';
import { Dict, Global, kindOfValue, Opaque, StorageRef, Tuple, type Value } from './values.ts';

/** Containers and entries of the memo; a vocabulary of several hundred thousand words beside the tensors fits. */
const MAX_KEPT = 0x10_0000;
/** Values, or marks, one above the other: Python's pickler piles up a thousand, and the items of a tuple. */
const MAX_HEIGHT = 0x10_0000;
/** Beyond 8 bytes an integer is no size of anything. */
const MAX_INTEGER = 8;

const EMPTY = new Tuple([]);
const BYTES = new Opaque('bytes');
const INTEGER = new Opaque('a long integer');
export const LIST = new Opaque('a list');
export const SET = new Opaque('a set');

/** What a pickle's operations work on: a stack with marks, a memo. Everything that can be wrong is refused here. */
export class Machine {
  readonly code: PickleReader;
  readonly #path: string;
  readonly #stack: Value[] = [];
  /** Heights of the stack at the marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Value>();
  #kept = 0;
  /** Where the operation that runs began. */
  at = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.code = new PickleReader(bytes, path);
    this.#path = path;
  }

  /** The one value that is left. */
  stop(): Value {
    const value = this.pop();
    if (this.#stack.length > 0 || this.code.left > 0) {
      this.refuse(`STOP above ${this.#stack.length} values, before ${this.code.left} bytes`, 'one value');
    }
    return value;
  }

  push(value: Value): void {
    if (this.#stack.push(value) > MAX_HEIGHT) this.refuse('one more value', `a stack of at most ${MAX_HEIGHT}`);
  }

  /** Pushes something that takes memory. */
  keep(value: Value): void {
    if (++this.#kept > MAX_KEPT) this.refuse('one more container', `at most ${MAX_KEPT} of them`);
    this.push(value);
  }

  pop(): Value {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) this.refuse('an empty stack', 'a value');
    return this.#stack.pop()!;
  }

  /** The n values on top, the lowest first. */
  popMany(n: number): Value[] {
    const items = new Array<Value>(n);
    for (let i = n - 1; i >= 0; i--) items[i] = this.pop();
    return items;
  }

  /** The value on top, which stays. */
  top(): Value {
    const value = this.pop();
    this.#stack.push(value);
    return value;
  }

  mark(): void {
    if (this.#marks.push(this.#stack.length) > MAX_HEIGHT) this.refuse('one more mark', `at most ${MAX_HEIGHT}`);
  }

  /** All values above the last mark, which goes too. */
  popMark(): Value[] {
    const from = this.#marks.pop();
    if (from === undefined) this.refuse('no mark', 'one');
    return this.#stack.splice(from);
  }

  /** A mark counts as a value here. */
  drop(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.pop();
  }

  remember(index = this.#memo.size): void {
    if (++this.#kept > MAX_KEPT) this.refuse('one more value to remember', `at most ${MAX_KEPT} of them`);
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) this.refuse(`value ${index}`, 'one that is remembered');
    this.push(value);
  }

  tuple(items: Value[]): void {
    if (items.length === 0) this.push(EMPTY);
    else this.keep(new Tuple(items));
  }

  /** Lists and sets are not kept, nor is what is put into them: a new one in place of its items, ... */
  newOpaque(what: Opaque): void {
    this.popMark();
    this.push(what);
  }

  /** ... items for the one below them. */
  addItems(what: Opaque): void {
    this.popMark();
    this.#expectTop(what);
  }

  addItem(): void {
    this.pop();
    this.#expectTop(LIST);
  }

  #expectTop(what: Opaque): void {
    const found = this.top();
    if (found !== what) this.refuse(kindOfValue(found), what.what);
  }

  dict(items: readonly Value[]): void {
    this.keep(new Dict(false));
    this.setItems(items);
  }

  /** Keys and values in turn, for the dict on top. */
  setItems(items: readonly Value[]): void {
    const dict = this.top();
    if (!(dict instanceof Dict)) this.refuse(kindOfValue(dict), 'a dict');
    if (items.length % 2) this.refuse(`${items.length} values`, 'as many keys as values');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i]!, items[i + 1]!);
  }

  integer(bytes: number): void {
    if (bytes <= MAX_INTEGER) this.push(this.code.signed(bytes));
    else {
      this.code.advance(bytes);
      this.push(INTEGER);
    }
  }

  bytes(n: number): void {
    this.code.advance(n);
    this.push(BYTES);
  }

  global(module: Value, name: Value): void {
    if (typeof module !== 'string' || typeof name !== 'string') this.refuse('a global', 'one named by two texts');
    const full = `${module}.${name}`;
    const known = globals.get(full);
    if (!known) this.#refuseGlobal(full);
    this.keep(new Global(full, known));
  }

  call(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!(callee instanceof Global) || !(args instanceof Tuple)) {
      this.refuse(`a call of ${kindOfValue(callee)}`, 'one of a function with a tuple of arguments');
    }
    const value = callee.known.call?.(args.items, (found, expected) => this.refuse(found, expected));
    if (value === undefined) {
      const given = args.items.map(kindOfValue).join(', ');
      this.refuse(`${callee.name}(${given})`, 'arguments that it takes');
    }
    this.keep(value);
  }

  /** `cls.__new__(cls)`: of a state dict only an OrderedDict is made so. */
  make(): void {
    const args = this.pop();
    const made = this.top();
    if (!(made instanceof Global) || made.name !== 'collections.OrderedDict') {
      this.refuse(`an object of ${kindOfValue(made)}`, 'an OrderedDict');
    }
    this.push(args);
    this.call();
  }

  /** State dicts carry versions of their modules as an attribute, which nobody needs here. */
  build(): void {
    const state = this.pop();
    const target = this.top();
    const known = state instanceof Dict && state.entries.has('_metadata') && state.entries.size + state.others === 1;
    if (!known || !(target instanceof Dict) || !target.ordered) {
      this.refuse(`attributes of ${kindOfValue(target)}`, '_metadata of an OrderedDict only');
    }
  }

  /** ('storage', type, key, location, elements). */
  persistent(): void {
    const id = this.pop();
    const [tag, type, key, location, numel] = id instanceof Tuple && id.items.length === 5 ? id.items : [];
    const dtype = type instanceof Global ? type.known.dtype : undefined;
    if (tag !== 'storage' || !dtype || typeof key !== 'string' || typeof location !== 'string' || !isWhole(numel)) {
      this.refuse(`a persistent id, ${kindOfValue(id)}`, "('storage', type, key, location, elements)");
    }
    this.keep(new StorageRef(key, dtype, numel));
  }

  /** INST names the class that it makes. */
  instance(): void {
    this.#refuseGlobal(`${this.code.line()}.${this.code.line()}`);
  }

  protocol(): void {
    const version = this.code.u8();
    if (version < 2 || version > 5) this.refuse(`protocol ${version}`, 'a pickle of protocol 2 to 5');
  }

  frame(): void {
    const length = this.code.u64();
    if (length > this.code.left) this.refuse(`a frame of ${length} bytes`, `at most ${this.code.left}: is it cut off?`);
  }

  refuse(found: string, expected: string): never {
    throw new ModelError(invalid(`${this.#path} byte ${this.at}`, found, expected));
  }

  #refuseGlobal(name: string): never {
    const expected = 'tensors and containers only: save model.state_dict(), not the model or other objects';
    throw new ModelError(invalid(this.#path, name, expected));
  }
}

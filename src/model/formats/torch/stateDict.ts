import { invalid, ModelError } from '../../../errors.ts';
import type { Dtype, Tensor } from '../tensor.ts';

const FLOATS: readonly Dtype[] = ['F64', 'F32', 'F16', 'BF16'];

/** What wrappers put before all names: DataParallel, torch.compile, Lightning and the like. */
const WRAPPERS = ['', 'module.', 'model.', '_orig_mod.', 'module.model.', 'model.module.'];

/** The tensors of a state dict, ticked off as they are read. */
export class StateDict {
  readonly file: string;
  readonly #tensors: Map<string, Tensor>;

  /** @param file for messages */
  constructor(tensors: ReadonlyMap<string, Tensor>, file: string) {
    this.file = file;
    this.#tensors = new Map(tensors);
  }

  /** Names of those that are left. */
  get names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(key: string): boolean {
    return this.#tensors.has(key);
  }

  /** What stands before a module's own names, its dot included: `rnn` may be `module.rnn.` in the file. */
  prefixOf(module: string): string {
    if (module === '') return '';
    const wanted = module.endsWith('.') ? module : `${module}.`;
    const { names } = this;
    const found = WRAPPERS.find((wrapper) => names.some((name) => name.startsWith(wrapper + wanted)));
    return (found ?? '') + wanted;
  }

  /** Rows, columns and so on of a tensor that stays. @throws ModelError where there is none */
  shapeOf(key: string): readonly number[] {
    const tensor = this.#tensors.get(key);
    if (!tensor) throw new ModelError(invalid(`${this.file} ${key}`, undefined, 'a tensor of that name'));
    return tensor.shape;
  }

  /** The length of one axis of a tensor that stays. @throws ModelError where there is none */
  sizeOf(key: string, axis: number): number {
    const shape = this.shapeOf(key);
    const size = shape[axis];
    if (size === undefined) throw new ModelError(invalid(`${this.file} ${key}`, shape, `${axis + 1} axes or more`));
    return size;
  }

  /**
   * A tensor of floating-point numbers, ticked off.
   * @param shape null: any size but zero
   * @throws ModelError where there is none, or it has another shape or type
   */
  take(key: string, shape: readonly (number | null)[]): Tensor {
    const found = this.shapeOf(key);
    if (found.length !== shape.length || found.some((n, i) => n === 0 || (shape[i] ?? n) !== n)) {
      const expected = `shape [${shape.map((size) => size ?? 'any').join(', ')}]`;
      throw new ModelError(invalid(`${this.file} ${key}`, found, expected));
    }
    const tensor = this.#tensors.get(key)!;
    if (!FLOATS.includes(tensor.dtype)) {
      throw new ModelError(
        invalid(`${this.file} ${key} type`, tensor.dtype, `floating-point numbers: ${FLOATS.join(', ')}`),
      );
    }
    this.#tensors.delete(key);
    return tensor;
  }

  /** A tensor that may be absent: null then. */
  takeIf(key: string, shape: readonly (number | null)[]): Tensor | null {
    return this.has(key) ? this.take(key, shape) : null;
  }

  /** Ticks off what no model needs; it may be absent. */
  pass(key: string): void {
    this.#tensors.delete(key);
  }

  /** @throws ModelError where tensors are left over: the file holds more than what was read */
  finish(expected: string): void {
    const [left] = this.#tensors;
    if (left) throw new ModelError(invalid(`${this.file} ${left[0]}`, left[1].shape, expected));
  }
}

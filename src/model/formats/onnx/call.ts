import { invalid, ModelError } from '../../../errors.ts';
import { elementCount, type Tensor } from '../tensor.ts';
import { type Context, NotNative } from './context.ts';
import { known, type Size } from './dims.ts';
import type { Node } from './model.ts';
import type { Data, Known } from './values.ts';

/** What an operator does with what is known of its inputs. @returns what is known of its outputs */
export type Operator = (call: Call) => Known[];

/** A node with what is known of its inputs. */
export class Call {
  readonly node: Node;
  readonly context: Context;
  /** Null: left out. */
  readonly inputs: readonly (Known | null)[];

  constructor(node: Node, context: Context, inputs: readonly (Known | null)[]) {
    this.node = node;
    this.context = context;
    this.inputs = inputs;
  }

  /** The name of a layer: `/fc/Gemm` is `fc`, `/rnn/LSTM_1` is `rnn_1`. */
  get name(): string {
    const { name, op } = this.node;
    const parts = name.split('/').filter((part) => part !== '');
    const last = parts.at(-1) ?? op;
    const [, stem, number] = /^(.*?)(_\d+)?$/s.exec(last)!;
    if (stem!.toLowerCase() !== op.toLowerCase()) return parts.join('/') || op;
    const above = parts.slice(0, -1).join('/') || op.toLowerCase();
    return above + (number ?? '');
  }

  /** An optional input. */
  input(index: number): Known | null {
    return this.inputs[index] ?? null;
  }

  /** Whether an input is given. */
  has(index: number): boolean {
    return this.input(index) !== null;
  }

  /** Something computed from the model's input. */
  data(index: number): Data {
    const value = this.input(index);
    if (value?.kind === 'data' && !value.tokens) return value;
    if (value?.kind === 'data') this.refuse('on whole numbers');
    return this.refuse(`whose input ${index} is not computed from the model's input`);
  }

  /** Numbers that the file holds. */
  constant(index: number): Tensor {
    const value = this.input(index);
    if (value?.kind === 'constant') return value.tensor;
    return this.refuse(`whose input ${index} is not a constant`);
  }

  /** Whole numbers, as far as they are known. */
  sizes(index: number): Size[] {
    const value = this.input(index);
    if (value?.kind === 'numbers') return value.values;
    return this.refuse(`whose input ${index} is not known`);
  }

  /** A list of whole numbers: an input of newer operators, an attribute of older ones; null where it is left out. */
  list(index: number, attribute: string): number[] | null {
    if (!this.has(index)) return this.node.attributes.ints(attribute);
    return this.sizes(index).map((size) => known(size) ?? this.refuse(`whose input ${index} is not known`));
  }

  /** The axis that a number names: negative ones count from the end. */
  axis(axis: number, rank: number): number {
    const at = axis < 0 ? axis + rank : axis;
    return at >= 0 && at < rank ? at : this.refuse(`along axis ${axis} of ${rank}`);
  }

  /** The graph is no model of layers because of this node. @param why what follows its operator's name */
  refuse(why: string): never {
    const { name, op } = this.node;
    throw new NotNative(`node ${name} is ${article(op)} ${op} ${why}`.trimEnd());
  }

  /** @throws ModelError where a tensor has another shape than the node asks for */
  check(tensor: Tensor, what: string, shape: readonly number[]): void {
    const { shape: found } = tensor;
    if (found.length === shape.length && found.every((n, axis) => n === shape[axis])) return;
    const [is, should] = [`shape [${found.join(', ')}]`, `shape [${shape.join(', ')}]`];
    throw new ModelError(invalid(`${this.context.file} ${this.node.name} ${what}`, is, should));
  }

  /** A vector's values; axes of length 1 may stand before its own. @throws ModelError for another length */
  vector(index: number, what: string, length: number): Float32Array {
    const tensor = this.constant(index);
    const alongLast = tensor.shape.at(-1) === length && elementCount(tensor.shape) === length;
    if (!alongLast) this.check(tensor, what, [length]);
    return this.context.floats(tensor);
  }
}

function article(op: string): string {
  return /^([AEIO]|LSTM|RNN)/.test(op) ? 'an' : 'a';
}

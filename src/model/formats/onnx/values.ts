/** What flows between the nodes of a graph while it is read: what is known of it, not the numbers of a run. */
import type { Tensor } from '../tensor.ts';
import type { Size } from './dims.ts';
import type { Part } from './part.ts';

/**
 * What an axis counts. `parts` counts several things of one shape, such as the directions of a layer or states laid
 * on each other.
 */
export type Factor = 'batch' | 'ticks' | 'parts' | 'features';

/**
 * An axis of a tensor: the factors that it counts, the slowest first. None: an axis of length 1. A Reshape only draws the
 * bounds between factors anew.
 */
export type Axis = readonly Factor[];

/** Something computed from the model's input. */
export interface Data {
  kind: 'data';
  /** One thing, or as many as the axis of the parts is long. */
  parts: readonly Part[];
  axes: readonly Axis[];
  /** Length of the features. Where no axis has them, it is 1. */
  width: number;
  /** A final state of a layer, not its sequence. */
  state: boolean;
  /** Whole numbers that name rows of a table. */
  tokens: boolean;
}

/** Numbers that the file holds. */
export interface Constant {
  kind: 'constant';
  tensor: Tensor;
}

/** Few whole numbers, such as sizes and indices; some may be sizes that the file leaves open. */
export interface Numbers {
  kind: 'numbers';
  shape: number[];
  values: Size[];
}

/** Zeros of any shape: initial states, and inputs for them. */
export interface Zeros {
  kind: 'zeros';
}

/** What the kernels cannot compute, and why. */
export interface Foreign {
  kind: 'foreign';
  reason: string;
  /** The operator itself is not one of ours; such a reason goes before one that the graph's arithmetic of sizes gives. */
  unlisted?: boolean;
}

export type Known = Data | Constant | Numbers | Zeros | Foreign;

export const ZEROS: Zeros = { kind: 'zeros' };

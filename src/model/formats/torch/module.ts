import { invalid, ModelError } from '../../../errors.ts';
import type { NewLayer, SpecBuilder, Value } from '../builder.ts';
import type { StateDict } from './stateDict.ts';

/** Where a module's layers go. */
export interface Place {
  state: StateDict;
  /** What feeds it. */
  below: Value;
  /** Whether nothing but its last tick is asked for. */
  last: boolean;
  /** Adds a layer. @returns its first output */
  add(layer: NewLayer, ...from: Value[]): Value;
}

/** One entry of an architecture: what it takes from the state dict and which layers it becomes. */
export interface Module {
  /** It runs along the ticks: `read` comes after the last of these, ... */
  along: boolean;
  /** ... and right before the first of these that follows. */
  joins: boolean;
  /** It lays all ticks side by side. */
  flattens?: boolean;
  /** Values that it takes of a tick, or null where it takes any number. */
  inputs(state: StateDict): number | null;
  /** @returns what it gives @throws ModelError naming the tensor that does not fit */
  add(place: Place): Value;
}

/** Values of a tick, or of the vector, that feeds a module. */
export function widthOf({ below }: Pick<Place, 'below'>): number {
  return below.shape.at(-1)!;
}

/** More layers than anybody stacks; what works on the graph may recurse from layer to layer. */
const MAX_LAYERS = 1000;

/** Adds layers under names that no other has. @param file for messages */
export function adder(builder: SpecBuilder, file: string): Place['add'] {
  const used = new Set<string>();
  return (layer, ...from) => {
    if (used.size >= MAX_LAYERS) throw new ModelError(invalid(`${file} layers`, 'more', `at most ${MAX_LAYERS}`));
    let { name } = layer;
    for (let n = 1; used.has(name); n++) name = `${layer.name}_${n}`;
    used.add(name);
    return builder.add({ ...layer, name }, ...from)[0]!;
  };
}

/** How layers are wired: where each one's inputs come from, and the shapes of all that flows. */
import { invalid, ModelError } from '../errors.ts';
import { kindOf } from './layers/index.ts';
import type { Refuse } from './layers/layer.ts';
import { rowWidth, type Shape, TICKS } from './shape.ts';
import type { LayerSpec, ModelSpec, Source } from './spec.ts';

/** A layer in its place. */
export interface Wired {
  layer: LayerSpec;
  from: readonly Source[];
  inputs: readonly Shape[];
  outputs: readonly Shape[];
  /** Why it works on a complete window only, or null where it takes one tick at a time. */
  windowed: string | null;
}

/** Values of a row of all that feeds a layer: what `inputs` in its specification says. */
export function inputWidth(layer: Pick<LayerSpec, 'kind'>, inputs: readonly Shape[]): number {
  const widths = inputs.map((shape) => shape.at(-1)!);
  return layer.kind === 'concatenate' ? widths.reduce((sum, n) => sum + n, 0) : widths[0]!;
}

/** Wires layer after layer; readers use it to know the shapes while they build, `checkModel` and the graph afterwards. */
export class Wiring {
  readonly input: Shape;
  readonly #path: string;
  readonly #window: number | null;
  readonly #wired = new Map<string, Wired>();
  #last: string | null = null;

  /** @param path the file, for messages @param inputs F @param window T where the file fixes it */
  constructor(path: string, inputs: number, window: number | null) {
    this.#path = path;
    this.#window = window;
    this.input = [TICKS, inputs];
  }

  /** The layers so far, in order. */
  get all(): Wired[] {
    return [...this.#wired.values()];
  }

  /** Shape of one output. @throws ModelError where there is none */
  shape({ layer, output }: Source, path = this.#path): Shape {
    const shapes = layer === null ? [this.input] : this.#wired.get(layer)?.outputs;
    const shape = shapes?.[output];
    if (!shape)
      throw new ModelError(invalid(`${path} from`, `${layer} output ${output}`, 'an output of a layer before'));
    return shape;
  }

  /**
   * The next layer.
   * @throws ModelError naming it, where its inputs do not fit
   */
  add(layer: LayerSpec): Wired {
    const path = `${this.#path} ${layer.name}`;
    const refuse: Refuse = (field, value, expected) => {
      throw new ModelError(invalid(`${path} ${field}`, value, expected));
    };
    if (this.#wired.has(layer.name)) throw new ModelError(invalid(path, layer.name, 'a name that no other layer has'));
    const from = layer.from ?? [{ layer: this.#last, output: 0 }];
    const inputs = from.map((source) => this.shape(source, path));
    if (inputs.length === 0) refuse('from', 'nothing', 'at least one input');
    const kind = kindOf(layer);
    const width = inputWidth(layer, inputs);
    if (layer.inputs !== width) refuse('inputs', layer.inputs, `${width}, what the layer below gives`);
    const outputs = kind.shapes(layer, inputs, refuse, this.#window);
    const below = from.map((source) => (source.layer === null ? null : this.#wired.get(source.layer)!.windowed));
    const inherited = below.find((reason) => reason !== null) ?? null;
    const windowed = inherited ?? kind.needsWindow(layer, inputs);
    const wired = { layer, from, inputs, outputs, windowed };
    this.#wired.set(layer.name, wired);
    this.#last = layer.name;
    return wired;
  }
}

/** All layers of a model in their places. @throws ModelError naming the layer that does not fit */
export function wire(spec: Pick<ModelSpec, 'inputs' | 'layers' | 'window'>, path: string): Wired[] {
  const wiring = new Wiring(path, spec.inputs, spec.window);
  for (const layer of spec.layers) wiring.add(layer);
  return wiring.all;
}

/** Why a model can only be run on windows, or null where it can run on a stream: `<layer> <reason>`. */
export function whyWindowed(spec: ModelSpec): string | null {
  if (spec.blackBox) return 'it is a black box that is called with whole windows';
  const first = firstWindowed(wire(spec, spec.name));
  return first && `its layer ${first.layer.name} ${first.windowed}`;
}

/** Whether a model takes windows of T ticks: above a Flatten, say, layers have weights for every tick. */
export function fitsWindow(spec: ModelSpec, T: number): boolean {
  if (spec.window === T) return true;
  if (spec.blackBox) return spec.window === null;
  try {
    wire({ ...spec, window: T }, spec.name);
    return true;
  } catch {
    return false;
  }
}

/** The first layer that works on a complete window only. */
export function firstWindowed(wired: readonly Wired[]): Wired | null {
  return wired.find(({ windowed }) => windowed !== null) ?? null;
}

/** The number of values that the last layer gives: of a sequence those of one tick. */
export function outputWidth(wired: readonly Wired[]): number {
  return rowWidth(wired.at(-1)!.outputs[0]!);
}

/**
 * How many ticks back an output can depend on: a number, or null where a state carries everything since the start.
 * @param window T, where the model is run on windows
 */
export function receptiveTicks(wired: readonly Wired[], window: number | null): number | null {
  const reach = new Map<string | null, number>([[null, 1]]);
  for (const { layer, from, windowed } of wired) {
    const below = Math.max(...from.map((source) => reach.get(source.layer)!));
    const recurrent = layer.kind === 'lstm' || layer.kind === 'gru' || layer.kind === 'rnn';
    const taps = layer.kind === 'conv1d' ? (layer.size - 1) * layer.dilation : 0;
    reach.set(layer.name, recurrent || windowed !== null ? Number.POSITIVE_INFINITY : below + taps);
  }
  const ticks = Math.min(reach.get(wired.at(-1)!.layer.name)!, window ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(ticks) ? ticks : null;
}

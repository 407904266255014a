import { invalid, ModelError } from '../../errors.ts';
import { rowWidth, type Shape } from '../shape.ts';
import type { LayerSpec, ModelSpec, Source } from '../spec.ts';
import { inputWidth, Wiring } from '../wiring.ts';
import { checkModel } from './check.ts';

/** Something that flows through the model: the input or an output of a layer, with its shape (`TICKS` marks the axis of time). */
export interface Value extends Source {
  shape: Shape;
}

type Plain<S> = S extends LayerSpec ? Omit<S, 'inputs' | 'from'> : never;
/** A layer as a reader gives it: what feeds it is said apart. */
export type NewLayer = Plain<LayerSpec>;

/** What a file says beside its layers. */
export interface Meta {
  format: ModelSpec['format'];
  name: string;
  mode: ModelSpec['mode'];
}

/** More numbers than a model gives a tick, even as a sequence: there is a name for each of them. */
const MOST_OUTPUTS = 65_536;

/** Builds a model layer by layer and keeps account of the shapes. Readers of foreign formats use it. */
export class SpecBuilder {
  /** The model's input, [TICKS, F]. */
  readonly input: Value;
  readonly #file: string;
  readonly #inputs: number;
  readonly #window: number | null;
  readonly #wiring: Wiring;
  readonly #layers: LayerSpec[] = [];

  /** @param file for messages @param inputs F @param window T where the file fixes it, else null */
  constructor(file: string, inputs: number, window: number | null) {
    this.#file = file;
    this.#inputs = inputs;
    this.#window = window;
    this.#wiring = new Wiring(file, inputs, window);
    this.input = { layer: null, output: 0, shape: this.#wiring.input };
  }

  /** T where the file fixes it. */
  get window(): number | null {
    return this.#window;
  }

  /**
   * Adds a layer on top of what feeds it.
   * @returns its outputs, of a recurrent layer also its final states: h, then c
   * @throws ModelError naming the layer where its inputs do not fit
   */
  add(layer: NewLayer, ...from: Value[]): Value[] {
    const { kind, name, ...rest } = layer;
    const inputs = inputWidth(
      layer,
      from.map(({ shape }) => shape),
    );
    const below = this.#layers.at(-1)?.name ?? null;
    const plain = from.length === 1 && from[0]!.output === 0 && from[0]!.layer === below;
    const sources = from.map(({ layer: source, output }) => ({ layer: source, output }));
    const spec = { kind, name, inputs, ...(plain ? {} : { from: sources }), ...rest } as LayerSpec;
    const { outputs } = this.#wiring.add(spec);
    this.#layers.push(spec);
    return outputs.map((shape, output) => ({ layer: name, output, shape }));
  }

  /**
   * The model that gives `output`. It is windowed where a layer needs the complete window, whatever `meta.mode` says; one that
   * carries its state has no window.
   * @throws ModelError where it does not fit together
   */
  finish(output: Value, { format, name, mode: wanted }: Meta): ModelSpec {
    const layers = this.#needed(output);
    const mode = this.#needsWindow(layers) ? 'windowed' : wanted;
    const last = layers.at(-1);
    const end = layers.findLast(({ kind }) => kind !== 'dropout');
    const width = rowWidth(output.shape);
    if (width > MOST_OUTPUTS) throw new ModelError(invalid(`${this.#file} outputs`, width, `at most ${MOST_OUTPUTS}`));
    const called = end?.name ?? 'output';
    const first = layers.find(({ kind }) => kind !== 'dropout');
    return checkModel(
      {
        format,
        name,
        inputs: this.#inputs,
        outputs: width === 1 ? [called] : Array.from({ length: width }, (_, i) => `${called}_${i}`),
        layers:
          last && last.name === output.layer && output.output === 0 ? layers : [...layers, this.#identity(output)],
        features: null,
        target: null,
        horizon: 1,
        mean: first?.kind === 'normalization' ? first.mean.slice() : null,
        mode,
        window: mode === 'stateful' ? null : this.#window,
        display: null,
        provenance: null,
      },
      this.#file,
    );
  }

  #needsWindow(layers: readonly LayerSpec[]): boolean {
    const windowed = new Set(this.#wiring.all.filter((one) => one.windowed !== null).map(({ layer }) => layer.name));
    return layers.some(({ name }) => windowed.has(name));
  }

  /** The layers that `output` depends on, in order. */
  #needed(output: Source): LayerSpec[] {
    const wired = new Map(this.#wiring.all.map((one) => [one.layer.name, one]));
    const needed = new Set<string>();
    const waiting: Source[] = [output];
    for (let source = waiting.pop(); source; source = waiting.pop()) {
      if (source.layer === null || needed.has(source.layer)) continue;
      needed.add(source.layer);
      waiting.push(...wired.get(source.layer)!.from);
    }
    if (needed.size === this.#layers.length) return this.#layers;
    // a layer left out shifts "the layer before": what follows says where its inputs come from
    return this.#layers
      .filter(({ name }) => needed.has(name))
      .map((layer) => ({ ...layer, from: [...wired.get(layer.name)!.from] }));
  }

  #identity(output: Value): LayerSpec {
    const { layer, output: index, shape } = output;
    const name = `${layer ?? 'input'}_output`;
    return { kind: 'activation', name, inputs: shape.at(-1)!, activation: 'linear', from: [{ layer, output: index }] };
  }
}

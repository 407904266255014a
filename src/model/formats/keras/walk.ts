import { invalid, ModelError } from '../../../errors.ts';
import type { SpecBuilder, Value } from '../builder.ts';
import type { Ref } from './calls.ts';
import { isModel, type KerasLayer, type KerasModel, readConfig } from './config.ts';
import { inOrder, onlyUser } from './order.ts';
import type { LayerReader, Output, Place } from './place.ts';
import { foldable } from './readers/activation.ts';
import { readers } from './readers/index.ts';
import type { Weights } from './weights.ts';

/** Models within models within models. */
const MOST_DEPTH = 8;
/** Names of the first argument of a layer. */
const FIRST = ['inputs', 'sequences', 'sequence', 'x'];

/** What makes a layer another one while it is trained. */
const NOISE = ['rate', 'dropout', 'recurrent_dropout', 'stddev'];

/** What all layers of a file share. */
interface Context {
  file: string;
  builder: SpecBuilder;
  legacy: boolean;
  bidirectionalZeros: boolean;
  /** Values that Keras sees as [batch, ticks], here [ticks, 1]. */
  flat: Set<Value>;
}

/** A model as it is walked: its own layers' outputs. */
interface Scope {
  model: KerasModel;
  weights: Weights;
  /** Goes before the layers' names. */
  prefix: string;
  /** Outputs so far, by the names in the configuration. */
  outputs: Map<string, Output[]>;
  /** Activations that a Dense has taken over. */
  folded: Set<string>;
  depth: number;
}

/** Adds the layers of a configuration to a model, each after those that feed it. */
export class Walk {
  readonly #context: Context;
  /** Whether a layer carries its state from batch to batch. */
  carried = false;
  #masked = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Adds all layers of a model.
   * @param kind its class @param config its configuration @param input what feeds it
   * @param outer where it is a layer of another model: its name in that
   * @throws ModelError naming the layer
   */
  model(
    kind: string,
    config: unknown,
    input: Value,
    weights: Weights,
    outer = '',
    depth = 0,
  ): { name: string; output: Value } {
    const path = outer ? `${this.#context.file} ${outer}` : this.#context.file;
    if (depth > MOST_DEPTH) throw new ModelError(invalid(path, `${depth} levels`, 'fewer models within models'));
    const model = readConfig(kind, config, path);
    const prefix = outer ? `${outer}.` : '';
    const outputs = new Map<string, Output[]>([[model.input, [input]]]);
    const scope: Scope = { model, weights, prefix, outputs, folded: new Set(), depth };
    for (const layer of inOrder(model, path)) outputs.set(layer.name, this.#layer(layer, scope));
    return { name: model.name, output: this.#value(model.output, scope, path) };
  }

  #layer(layer: KerasLayer, scope: Scope): Output[] {
    const { kind } = layer;
    const name = scope.prefix + layer.name;
    const path = `${this.#context.file} ${name}`;
    if (isModel(kind)) return [this.#inner(layer, name, scope, path)];
    const reader = Object.hasOwn(readers, kind) ? readers[kind]! : null;
    if (!reader) {
      throw new ModelError(invalid(path, `a ${kind} layer`, `layers of ${Object.keys(readers).join(', ')}`));
    }
    const { inputs, keywordInputs } = this.#given(layer, reader, scope, path);
    if (scope.folded.has(layer.name)) return inputs;
    if (layer.config.raw('stateful') === true) this.carried = true;
    if (kind === 'Masking' || layer.config.raw('mask_zero') === true) this.#masked = true;
    const place = this.#place(layer, reader, inputs, { name, path, keywordInputs }, scope);
    return this.#kept(reader.read(place), inputs, reader);
  }

  #place(
    layer: KerasLayer,
    reader: LayerReader,
    inputs: readonly Value[],
    own: Pick<Place, 'name' | 'path' | 'keywordInputs'>,
    scope: Scope,
  ): Place {
    const { kind, config, call } = layer;
    const { builder, legacy, bidirectionalZeros, flat } = this.#context;
    const folded = kind === 'Dense' ? foldable(layer, onlyUser(layer, scope.model), legacy) : null;
    if (folded) scope.folded.add(folded.name);
    return {
      ...own,
      ...{ kind, config, call, builder, legacy, bidirectionalZeros },
      masked: this.#masked,
      flat: reader.flat !== undefined && flat.has(inputs[0]!),
      inputs: inputs.map((value) => this.#laidOut(value, reader, own.name)),
      tensors: scope.weights.layer(layer),
      ...(folded && { folded: folded.activation }),
    };
  }

  /** A model within: its layers join those of this one. */
  #inner(layer: KerasLayer, name: string, scope: Scope, path: string): Value {
    const { inputs } = this.#given(layer, {}, scope, path);
    if (inputs.length !== 1) throw new ModelError(invalid(path, `${inputs.length} inputs`, 'one input'));
    const weights = scope.weights.layer(layer).model();
    return this.model(layer.kind, layer.body, inputs[0]!, weights, name, scope.depth + 1).output;
  }

  /** What a reference means. */
  #value(ref: Ref, { model, outputs }: Scope, path: string): Value {
    const source = model.layers.find(({ name }) => name === ref.layer);
    // Keras counts the call that made a model before the one that uses it
    const most = source && isModel(source.kind) ? 1 : 0;
    const found = ref.node >= 0 && ref.node <= most ? outputs.get(ref.layer)?.[ref.output] : undefined;
    if (typeof found === 'object') return found;
    const what = `output ${ref.output} of call ${ref.node} of ${ref.layer || 'the input'}`;
    throw new ModelError(invalid(path, what, found ?? 'an output that the layer has'));
  }

  /**
   * What a layer is called with. What its reader does not know must say nothing that changes what the layer does.
   * @returns tensors by position, and those by keyword that the reader knows
   */
  #given(
    layer: KerasLayer,
    { keywords = [], constants = false }: Pick<LayerReader, 'keywords' | 'constants'>,
    scope: Scope,
    path: string,
  ): { inputs: Value[]; keywordInputs: Map<string, Value> } {
    const { call } = layer;
    const inputs = call.inputs.map((ref) => this.#value(ref, scope, path));
    const odd = constants ? undefined : call.constants.find((value) => value !== null);
    if (odd !== undefined) throw new ModelError(invalid(`${path} call`, odd, 'tensors'));
    const keywordInputs = new Map<string, Value>();
    for (const key of call.names) {
      const refs = call.tensors.get(key);
      const first = FIRST.includes(key) && inputs.length === 0;
      if (refs?.length === 1 && (first || keywords.includes(key))) {
        const value = this.#value(refs[0]!, scope, path);
        if (first) inputs.push(value);
        else keywordInputs.set(key, value);
      } else if (refs || !(keywords.includes(key) || isHarmless(key, layer))) {
        const found = refs ? refs.map((ref) => ref.layer).join(', ') : call.keywords.raw(key);
        throw new ModelError(invalid(`${path} ${key}`, found, 'a call without it'));
      }
    }
    return { inputs, keywordInputs };
  }

  /** [batch, ticks] as the vector that it is to most layers. */
  #laidOut(value: Value, { flat }: LayerReader, name: string): Value {
    if (flat || !this.#context.flat.has(value)) return value;
    return this.#context.builder.add({ kind: 'flatten', name: `${name}.input` }, value)[0]!;
  }

  #kept(outputs: Output[], inputs: readonly Value[], { flat }: LayerReader): Output[] {
    const { flat: all } = this.#context;
    if (flat !== 'keeps' || !all.has(inputs[0]!)) return outputs;
    for (const output of outputs) if (typeof output === 'object') all.add(output);
    return outputs;
  }
}

/** Keywords that say nothing, or nothing that matters once a model is trained. */
function isHarmless(key: string, { kind, config, call }: KerasLayer): boolean {
  const value = call.keywords.raw(key);
  if (value === null || value === false || (Array.isArray(value) && value.length === 0)) return true;
  if (key !== 'training') return key === 'return_attention_scores' || key === 'name';
  return kind !== 'BatchNormalization' && !NOISE.some((rate) => Number(config.raw(rate)) > 0);
}

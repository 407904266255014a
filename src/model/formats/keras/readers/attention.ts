import type { MultiHeadAttentionSpec } from '../../../spec.ts';
import type { Value } from '../../builder.ts';
import { elementCount } from '../../tensor.ts';
import { type LayerReader, must, type Output, type Place, refuse, single, widthOf } from '../place.ts';
import type { Tensors } from '../weights.ts';

const SCORES = 'another output than the scores of attention, which are not handed on';
/** What the layers are called with beside their inputs. */
const KEYWORDS = ['use_causal_mask'];

/** The layer's output; its scores cannot be used. */
function outputs(added: Value[]): Output[] {
  return [added[0]!, SCORES];
}

/** Keras 3 asks at the call, early Keras 2 in the configuration. */
function isCausal({ config, call }: Place): boolean {
  return call.keywords.flag('use_causal_mask', config.flag('causal', false));
}

/** query, value and maybe key */
function attended(place: Place): readonly Value[] {
  const { inputs } = place;
  if (inputs.length !== 2 && inputs.length !== 3)
    refuse(place, `${inputs.length} inputs`, 'query, value and maybe key');
  return inputs;
}

/** A weight without axes. */
function scalar(tensors: Tensors, name: string): Float32Array {
  return tensors.next(name, []);
}

export const Attention: LayerReader = {
  kinds: ['attention'],
  keywords: KEYWORDS,
  read(place) {
    const { builder, config, name, tensors } = place;
    const inputs = attended(place);
    const score = config.missing('score_mode') ? 'dot' : config.oneOf('score_mode', ['dot', 'concat']);
    const scale = config.flag('use_scale', false) ? scalar(tensors, 'scale') : null;
    const weight = score === 'concat' ? scalar(tensors, 'concat_score_weight') : null;
    const added = { kind: 'attention', name, score, causal: isCausal(place) } as const;
    return outputs(builder.add({ ...added, ...(scale && { scale }), ...(weight && { weight }) }, ...inputs));
  },
};

export const AdditiveAttention: LayerReader = {
  kinds: ['additive-attention'],
  keywords: KEYWORDS,
  read(place) {
    const { builder, config, name, tensors } = place;
    const inputs = attended(place);
    const scale = config.flag('use_scale', true) ? tensors.next('scale', [widthOf(place, inputs[0]!)]) : null;
    const added = { kind: 'additive-attention', name, causal: isCausal(place) } as const;
    return outputs(builder.add({ ...added, ...(scale && { scale }) }, ...inputs));
  },
};

export const MultiHeadAttention: LayerReader = {
  kinds: ['multi-head-attention'],
  keywords: [...KEYWORDS, 'query', 'value', 'key'],
  read(place) {
    const { builder, config, name } = place;
    must(config, 'use_gate', false, 'gated attention is not read');
    if (!config.missing('sliding_window')) throw config.wrong('sliding_window', 'null: attention to the whole window');
    checkAxes(place);
    const inputs = operands(place);
    const sizes = sizesOf(place, inputs);
    const layer = { kind: 'multi-head-attention', name, ...sizes, causal: isCausal(place) } as const;
    return outputs(builder.add({ ...layer, ...projections(place, sizes, widthOf(place, inputs[0]!)) }, ...inputs));
  },
};

/** query, value and maybe key, by position or by keyword */
function operands(place: Place): Value[] {
  const { inputs, keywordInputs } = place;
  const [query, value, key] = ['query', 'value', 'key'].map((word, i) => inputs[i] ?? keywordInputs.get(word));
  if (!query || !value || inputs.length > 3) refuse(place, 'a call without query or value', 'both, and maybe key');
  return key ? [query!, value!, key] : [query!, value!];
}

type Sizes = Pick<MultiHeadAttentionSpec, 'heads' | 'keyWidth' | 'valueWidth' | 'units' | 'keyInputs' | 'valueInputs'>;

function sizesOf(place: Place, [query, value, key = value]: Value[]): Sizes {
  const { config } = place;
  const keyWidth = config.integer('key_dim', 1);
  return {
    heads: config.integer('num_heads', 1),
    keyWidth,
    valueWidth: config.missing('value_dim') ? keyWidth : config.integer('value_dim', 1),
    units: single(config, 'output_shape', widthOf(place, query!)),
    keyInputs: widthOf(place, key!),
    valueInputs: widthOf(place, value!),
  };
}

/** All weights, in the order in which Keras makes them. */
function projections(place: Place, sizes: Sizes, width: number) {
  const { heads, keyWidth, valueWidth, units, keyInputs, valueInputs } = sizes;
  const [query, queryBias] = projection(place, 'query', [width], [heads, keyWidth]);
  const [key, keyBias] = projection(place, 'key', [keyInputs], [heads, keyWidth]);
  const [value, valueBias] = projection(place, 'value', [valueInputs], [heads, valueWidth]);
  const [output, outputBias] = projection(place, 'output', [heads, valueWidth], [units]);
  return { query, queryBias, key, keyBias, value, valueBias, output, outputBias };
}

function checkAxes({ config }: Place): void {
  const axes = config.raw('attention_axes') ?? [1];
  const [axis, ...more] = Array.isArray(axes) ? axes : [axes];
  if (axis !== 1 || more.length) throw config.wrong('attention_axes', '[1], the axis of time');
}

/** kernel (from, to) and bias (to): the same memory whether the axes of the heads stand apart or not. */
function projection(
  { config, tensors }: Place,
  part: 'query' | 'key' | 'value' | 'output',
  from: number[],
  to: number[],
): [kernel: Float32Array, bias: Float32Array] {
  const scope = part === 'output' ? 'attention_output' : part;
  const own = tensors.within({ attribute: `${part}_dense`, scope });
  const kernel = own.next('kernel', [...from, ...to]);
  return [kernel, config.flag('use_bias', true) ? own.next('bias', to) : new Float32Array(elementCount(to))];
}

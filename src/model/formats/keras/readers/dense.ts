/** Dense, Conv1D and Embedding. */
import {
  activationName,
  addOnly,
  type LayerReader,
  must,
  only,
  type Place,
  refuse,
  single,
  widthOf,
} from '../place.ts';

export const Dense: LayerReader = {
  kinds: ['dense'],
  read(place) {
    const { config, name, folded, tensors } = place;
    must(config, 'quantization_config', null, 'quantised layers are not read');
    const inputs = widthOf(place, only(place));
    const units = config.integer('units', 1);
    const activation = folded ?? activationName(place, 'activation');
    const kernel = tensors.next('kernel', [inputs, units]);
    return addOnly(place, { kind: 'dense', name, units, activation, kernel, bias: biasOf(place, units) });
  },
};

export const Conv1D: LayerReader = {
  kinds: ['conv1d'],
  read(place) {
    const { config, name, tensors } = place;
    const size = single(config, 'kernel_size', 1);
    const padding = config.missing('padding') ? 'valid' : config.text('padding');
    if (size > 1 && padding !== 'causal') {
      throw config.wrong('padding', "'causal': what a tick gives must not depend on later ones");
    }
    if (single(config, 'strides', 1) !== 1) throw config.wrong('strides', '1');
    must(config, 'groups', 1, 'grouped convolutions are not read');
    must(config, 'data_format', 'channels_last', 'time is the second axis');
    const inputs = widthOf(place, only(place));
    const units = config.integer('filters', 1);
    const dilation = single(config, 'dilation_rate', 1);
    const activation = activationName(place, 'activation');
    const kernel = tensors.next('kernel', [size, inputs, units]);
    return addOnly(place, {
      kind: 'conv1d',
      name,
      units,
      size,
      dilation,
      activation,
      kernel,
      bias: biasOf(place, units),
    });
  },
};

function biasOf({ config, tensors }: Place, units: number): Float32Array {
  return config.flag('use_bias', true) ? tensors.next('bias', [units]) : new Float32Array(units);
}

export const Embedding: LayerReader = {
  kinds: ['embedding'],
  flat: 'takes',
  read(place) {
    const { config, name, tensors, flat } = place;
    if (!flat) refuse(place, 'an input with an axis of features', '[batch, ticks] of tokens');
    const vocabulary = config.integer('input_dim', 1);
    const units = config.integer('output_dim', 1);
    const table = tensors.next('embeddings', [vocabulary, units]);
    const maskZero = config.flag('mask_zero', false);
    return addOnly(place, { kind: 'embedding', name, vocabulary, units, maskZero, table });
  },
};

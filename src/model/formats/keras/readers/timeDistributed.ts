import { showShape } from '../../../shape.ts';
import { Fields } from '../../fields.ts';
import { type LayerReader, only, refuse } from '../place.ts';
import { Activation, ELU, LeakyReLU, ReLU, Softmax } from './activation.ts';
import { Dense } from './dense.ts';
import { Dropout } from './noise.ts';
import { BatchNormalization, LayerNormalization, Normalization, Rescaling } from './normalization.ts';

/** Layers that work row by row: they do to a sequence what they do to each tick. */
const rowWise: Readonly<Record<string, LayerReader>> = {
  ...{ Activation, BatchNormalization, Dense, Dropout, ELU, LayerNormalization, LeakyReLU, Normalization, ReLU },
  ...{ Rescaling, Softmax },
};

/** The layer within, under the wrapper's name. */
export const TimeDistributed: LayerReader = {
  kinds: ['activation', 'batch-normalization', 'dense', 'dropout', 'layer-normalization', 'normalization', 'rescaling'],
  read(place) {
    const { config, path, tensors } = place;
    const layer = config.object('layer');
    const kind = layer.text('class_name');
    if (!Object.hasOwn(rowWise, kind)) {
      refuse(place, `a TimeDistributed ${kind}`, `one of ${Object.keys(rowWise).join(', ')}`);
    }
    const { shape } = only(place);
    if (shape.length !== 2) refuse(place, showShape(shape), 'a sequence');
    const within = new Fields(rowConfig(layer.raw('config')), `${path} layer`);
    return rowWise[kind]!.read({ ...place, kind, config: within, tensors: tensors.within({ attribute: 'layer' }) });
  },
};

/** The layer within counts its axes without that of time: its axis 1 is the sequence's 2. */
function rowConfig(config: unknown): unknown {
  const axis = (config as Record<string, unknown> | null)?.axis;
  const shift = (value: unknown) => (value === 1 ? 2 : value === 2 ? 3 : value);
  if (axis === undefined) return config;
  return { ...(config as object), axis: Array.isArray(axis) ? axis.map(shift) : shift(axis) };
}

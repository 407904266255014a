/** Layers that are an activation. */
import { ALPHA } from '../../../activations.ts';
import type { Fields } from '../../fields.ts';
import type { KerasLayer } from '../config.ts';
import {
  activationName,
  addOnly,
  isLastAxis,
  type LayerReader,
  must,
  numberOr,
  only,
  type Place,
  rankOf,
} from '../place.ts';

/** An activation and its slope or factor, where it has one. */
interface Found {
  activation: string;
  alpha?: number;
}

/** By class: what its configuration says. */
const found: Readonly<Record<string, (config: Fields, legacy: boolean) => Found>> = {
  Activation: (config, legacy) => ({ activation: activationName({ config, legacy }, 'activation') }),
  ELU: (config) => ({ activation: 'elu', alpha: numberOr(config, 'alpha', 1) }),
  LeakyReLU: (config) => ({
    activation: 'leaky_relu',
    alpha: numberOr(config, config.missing('negative_slope') ? 'alpha' : 'negative_slope', 0.3),
  }),
  ReLU: relu,
  Relu: () => ({ activation: 'relu' }),
  Sigmoid: () => ({ activation: 'sigmoid' }),
  Softmax: () => ({ activation: 'softmax' }),
  Tanh: () => ({ activation: 'tanh' }),
};

function relu(config: Fields): Found {
  must(config, 'threshold', 0, 'a threshold is not read');
  const slope = numberOr(config, 'negative_slope', 0);
  if (config.missing('max_value'))
    return slope === 0 ? { activation: 'relu' } : { activation: 'leaky_relu', alpha: slope };
  if (config.number('max_value') !== 6 || slope !== 0) throw config.wrong('max_value', 'null, or 6 without a slope');
  return { activation: 'relu6' };
}

function reader(kind: string): LayerReader {
  return {
    kinds: ['activation'],
    read(place) {
      const { name, config, legacy } = place;
      checkAxis(place);
      return addOnly(place, { kind: 'activation', name, ...found[kind]!(config, legacy) });
    },
  };
}

/** Of a softmax. */
function checkAxis(place: Place): void {
  const { config } = place;
  const axis = config.raw('axis') ?? -1;
  if (!isLastAxis(axis, rankOf(only(place)))) throw config.wrong('axis', 'the last axis');
}

export const Activation = reader('Activation');
export const ELU = reader('ELU');
export const LeakyReLU = reader('LeakyReLU');
export const ReLU = reader('ReLU');
export const Relu = reader('Relu');
export const Sigmoid = reader('Sigmoid');
export const Softmax = reader('Softmax');
export const Tanh = reader('Tanh');

/**
 * The activation right behind a Dense without one: it becomes the Dense's own, so that what comes before it can be asked for.
 * @param user the one layer that the Dense feeds
 * @returns null where there is none, or one that a Dense cannot have
 */
export function foldable(
  dense: KerasLayer,
  user: KerasLayer | null,
  legacy: boolean,
): { name: string; activation: string } | null {
  if (!user || !Object.hasOwn(found, user.kind)) return null;
  if ((user.config.raw('axis') ?? -1) !== -1) return null;
  if (activationName({ config: dense.config, legacy }, 'activation') !== 'linear') return null;
  const { activation, alpha } = found[user.kind]!(user.config, legacy);
  return alpha === undefined || alpha === ALPHA[activation] ? { name: user.name, activation } : null;
}

import { addOnly, type LayerReader, numberOr, only } from '../place.ts';

/** Dropout and noise: inert once a model is trained. */
export const Dropout: LayerReader = {
  kinds: ['dropout'],
  flat: 'keeps',
  read: (place) => addOnly(place, { kind: 'dropout', name: place.name, rate: numberOr(place.config, 'rate', 0) }),
};

/** Nothing. */
export const Identity: LayerReader = { kinds: [], flat: 'keeps', read: (place) => [only(place)] };

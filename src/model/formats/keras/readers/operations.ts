/** Operations that are no layers: slices, and what TensorFlow's Keras wraps. */
import { showShape, TICKS } from '../../../shape.ts';
import type { MergeSpec } from '../../../spec.ts';
import type { Value } from '../../builder.ts';
import { addOnly, type LayerReader, type Output, only, type Place, refuse } from '../place.ts';
import { join } from './merge.ts';
import { expanded, squeezed } from './rearrange.ts';

/** `x[:, -1, :]` of Keras 3. */
export const GetItem: LayerReader = {
  kinds: ['last', 'reshape'],
  constants: true,
  read: (place) => lastTick(place, place.call.constants),
};

/** `x[:, -1, :]` of TensorFlow's Keras. */
export const SlicingOpLambda: LayerReader = {
  kinds: ['last', 'reshape'],
  keywords: ['slice_spec'],
  read(place) {
    const spec = place.call.keywords.raw('slice_spec');
    return lastTick(place, Array.isArray(spec) ? spec : [spec]);
  },
};

/** Of a sequence its last tick: `[:, -1]`, `[:, -1, :]`, or as a sequence of one tick `[:, -1:, :]`. */
function lastTick(place: Place, spec: readonly unknown[]): Output[] {
  const { builder, name } = place;
  const input = only(place);
  const [batch, ticks, ...rest] = spec;
  const kept = spec.length >= 2 && rest.length <= 1 && [batch, ...rest].every(isAll);
  const length = input.shape[0] === TICKS ? builder.window : input.shape[0]!;
  const last = length === null ? [-1] : [-1, length - 1];
  const { start, stop, step } = bounds(ticks);
  const row = start === -1 && stop === null && step === 1;
  if (input.shape.length !== 2 || !kept || !(last.includes(ticks as number) || row)) {
    refuse(place, spec, `the last tick of a sequence, as in x[:, -1, :], of ${showShape(input.shape)}`);
  }
  if (!row) return addOnly(place, { kind: 'last', name });
  const [value] = addOnly(place, { kind: 'last', name: `${name}.last` }) as [Value];
  return builder.add({ kind: 'reshape', name, shape: [1, value.shape[0]!] }, value);
}

function isAll(slice: unknown): boolean {
  const { start, stop, step } = bounds(slice);
  return (start === null || start === 0) && stop === null && step === 1;
}

/** Of a slice as Keras 3 writes it (`{class_name: '__slice__', config}`) or TensorFlow's (`{start, stop, step}`). */
function bounds(slice: unknown): { start: unknown; stop: unknown; step: unknown } {
  const none = { start: undefined, stop: undefined, step: undefined };
  if (typeof slice !== 'object' || slice === null) return none;
  const { class_name, config } = slice as Record<string, unknown>;
  const found = class_name === '__slice__' ? config : slice;
  if (typeof found !== 'object' || found === null) return none;
  const { start = null, stop = null, step } = found as Record<string, unknown>;
  return { start, stop, step: step ?? 1 };
}

const OPERATIONS: Readonly<Record<string, MergeSpec['operation']>> = {
  '__operators__.add': 'add',
  'math.add': 'add',
  'math.subtract': 'subtract',
  'math.multiply': 'multiply',
  'math.maximum': 'maximum',
  'math.minimum': 'minimum',
};

const SHAPED: Readonly<Record<string, (place: Place, axis: unknown) => number[]>> = {
  'compat.v1.squeeze': squeezed,
  expand_dims: expanded,
  squeeze: squeezed,
};

/** A function of TensorFlow in a model of its Keras. */
export const TFOpLambda: LayerReader = {
  kinds: ['merge', 'rescaling', 'reshape'],
  keywords: ['y', 'axis'],
  constants: true,
  read(place) {
    const { config, call, keywordInputs, name } = place;
    const called = config.text('function');
    const shaped = Object.hasOwn(SHAPED, called) ? SHAPED[called]! : null;
    if (shaped) return addOnly(place, { kind: 'reshape', name, shape: shaped(place, call.keywords.raw('axis')) });
    if (!Object.hasOwn(OPERATIONS, called)) {
      refuse(place, called, `one of ${[...Object.keys(OPERATIONS), ...Object.keys(SHAPED)].join(', ')}`);
    }
    const other = keywordInputs.get('y');
    const number = call.keywords.raw('y');
    const inputs = other ? [...place.inputs, other] : place.inputs;
    const constants = other || number === undefined ? call.constants : [...call.constants, number];
    return join({ ...place, inputs, call: { ...call, constants } }, OPERATIONS[called]!);
  },
};

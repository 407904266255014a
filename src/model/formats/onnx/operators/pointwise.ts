/** Activations, and casts between types. */
import { ALPHA } from '../../../activations.ts';
import { elementCount, toFloat64 } from '../../tensor.ts';
import { eachPart } from '../axes.ts';
import type { Call, Operator } from '../call.ts';
import { fixed, known } from '../dims.ts';
import { numbers } from '../held.ts';
import type { Part } from '../part.ts';
import { type Data, type Known, ZEROS } from '../values.ts';

/** An activation by our name, with its slope or factor. */
export interface Activation {
  name: string;
  alpha?: number;
}

/** Whether two constants are meant to be the same: files hold them as float32. */
export function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-6 * Math.abs(b);
}

/** HardSigmoid's two common forms. */
export function hardSigmoid(alpha: number, beta: number): Activation | null {
  if (!close(beta, 0.5)) return null;
  if (close(alpha, 0.2)) return { name: 'hard_sigmoid_2' };
  return close(alpha, 1 / 6) ? { name: 'hard_sigmoid' } : null;
}

/** An operator that is an activation. @param named what it is, by its attributes; null: none of ours */
function activation(named: (call: Call) => Activation | null): Operator {
  return (call) => {
    const found = named(call) ?? call.refuse('of an unusual form');
    return [eachPart(call.data(0), (part) => activated(part, found, call))];
  };
}

/** Joins a layer that has no activation yet, where it can have one without a number of its own. */
function activated(part: Part, { name, alpha }: Activation, call: Call): Part {
  const layer = part.open;
  const plain = alpha === undefined || close(alpha, ALPHA[name] ?? Number.NaN);
  if (layer?.kind === 'dense' && layer.activation === 'linear' && plain)
    return part.instead({ ...layer, activation: name });
  return part.through({ kind: 'activation', name: call.name, activation: name, ...(plain ? {} : { alpha }) });
}

const plain = (name: string): Operator => activation(() => ({ name }));
/** With a slope or factor `alpha`. */
const sloped = (name: string, otherwise: number): Operator =>
  activation(({ node }) => ({ name, alpha: node.attributes.float('alpha', otherwise) }));

/** Softmax and LogSoftmax of the features. */
function rowWise(name: string): Operator {
  return (call) => {
    const data = call.data(0);
    const rank = data.axes.length;
    const old = call.context.opset < 13;
    const axis = call.axis(call.node.attributes.int('axis', old ? 1 : -1), rank);
    // before version 13 all axes from this one on were taken together
    const together = old ? data.axes.slice(axis).flat() : data.axes[axis]!;
    if (String(together) !== 'features') call.refuse('along an axis that is not that of the features');
    return [eachPart(data, (part) => activated(part, { name }, call))];
  };
}

/** x between two bounds: some of them have names. */
const clip = activation((call) => {
  const bound = (index: number, attribute: string): number | null => {
    if (call.context.opset < 11) return call.node.attributes.float(attribute, Number.NaN);
    const value = call.input(index);
    return value?.kind === 'constant' && elementCount(value.tensor.shape) === 1 ? toFloat64(value.tensor)[0]! : null;
  };
  const [low, high] = [bound(1, 'min'), bound(2, 'max')];
  if (low === 0 && high === 6) return { name: 'relu6' };
  if (low === -1 && high === 1) return { name: 'hard_tanh' };
  return low === 0 && high === null && !call.has(2) ? { name: 'relu' } : null;
});

const hardSigmoids = activation(({ node: { attributes } }) =>
  hardSigmoid(attributes.float('alpha', 0.2), attributes.float('beta', 0.5)),
);

const gelu = activation(({ node }) => {
  const form = node.attributes.text('approximate', 'none');
  if (form === 'none') return { name: 'gelu' };
  return form === 'tanh' ? { name: 'gelu_tanh' } : null;
});

const selu = activation(({ node: { attributes } }) => {
  const usual =
    close(attributes.float('alpha', 1.6732632), 1.6732632) && close(attributes.float('gamma', 1.050701), 1.050701);
  return usual ? { name: 'selu' } : null;
});

export const activations: Readonly<Record<string, Operator>> = {
  Celu: sloped('celu', 1),
  Clip: clip,
  Elu: sloped('elu', 1),
  Exp: plain('exponential'),
  Gelu: gelu,
  HardSigmoid: hardSigmoids,
  HardSwish: plain('hard_silu'),
  LeakyRelu: sloped('leaky_relu', 0.01),
  LogSoftmax: rowWise('log_softmax'),
  Mish: plain('mish'),
  Relu: plain('relu'),
  Selu: selu,
  Sigmoid: plain('sigmoid'),
  Softmax: rowWise('softmax'),
  Softplus: plain('softplus'),
  Softsign: plain('softsign'),
  Tanh: plain('tanh'),
};

const FLOAT_TYPES = [1, 10, 11, 16];
const BOOL = 9;

/** Floats of any width are float32 here. Whole numbers are tokens, where they come from the input, or sizes. */
export const cast: Operator = (call) => {
  const value = call.input(0) ?? call.refuse('without an input');
  const to = call.node.attributes.int('to', 0);
  const floating = FLOAT_TYPES.includes(to);
  if (value.kind === 'zeros') return [ZEROS];
  if (value.kind === 'data') return [castData(value, floating, to === BOOL, call)];
  if (value.kind === 'constant' && floating) return [value];
  if (value.kind === 'constant') {
    const { shape } = value.tensor;
    const at = elementCount(shape) <= 64 ? toFloat64(value.tensor) : call.refuse('of many numbers');
    return [numbers(shape, call, (i) => fixed(to === BOOL ? Number(at[i] !== 0) : Math.trunc(at[i]!)))];
  }
  if (value.kind === 'numbers') return [castNumbers(value, floating, to === BOOL, call)];
  return call.refuse('of something unknown');
};

function castData(data: Data, floating: boolean, truth: boolean, call: Call): Data {
  if (floating) {
    if (data.tokens && !call.context.wholes) call.refuse('of a number that was made whole');
    return { ...data, tokens: false };
  }
  if (truth || data.parts.some((part) => part.value.layer !== null)) call.refuse('of what is computed to another type');
  return { ...data, tokens: true };
}

function castNumbers(value: Extract<Known, { kind: 'numbers' }>, floating: boolean, truth: boolean, call: Call): Known {
  if (truth)
    return numbers(value.shape, call, (i) => (value.values[i] ? fixed(Number(known(value.values[i]!) !== 0)) : null));
  if (!floating) return value;
  const all = value.values.map((size) => known(size) ?? call.refuse('of an open size'));
  return {
    kind: 'constant',
    tensor: { dtype: 'F32', shape: value.shape, bytes: new Uint8Array(Float32Array.from(all).buffer) },
  };
}

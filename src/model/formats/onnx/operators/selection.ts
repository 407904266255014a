/** Operators that take something out of a tensor, or put tensors together. */
import { concatenated, eachPart, factorAt, featuresAt, sizeAt, withAxes } from '../axes.ts';
import type { Call, Operator } from '../call.ts';
import { fixed, known, type Size, same } from '../dims.ts';
import { type Held, isZero, joined, laidOut, shapeOf } from '../held.ts';
import { type Data, type Numbers, ZEROS } from '../values.ts';
import { picked, sliced } from '../views.ts';

/** One or more indices of an axis, or rows of a table that tokens name. */
export const gather: Operator = (call) => {
  const [from, indices] = [call.input(0), call.input(1)];
  if (from?.kind === 'zeros') return [ZEROS];
  if (from?.kind === 'constant' && indices?.kind === 'data') return [embedding(indices, call)];
  if (indices?.kind !== 'numbers') return call.refuse('by indices that are not known');
  if (from?.kind === 'data') return [gatherData(from, indices, call)];
  if (from?.kind === 'constant' || from?.kind === 'numbers') return [gatherHeld(from, indices, call)];
  return call.refuse('without an input');
};

function gatherHeld(from: Held, indices: Numbers, call: Call): Held {
  const shape = shapeOf(from);
  const axis = call.axis(call.node.attributes.int('axis', 0), shape.length);
  const at = indices.values.map((size) => {
    const index = known(size) ?? call.refuse('by indices that are not known');
    const positive = index < 0 ? index + shape[axis]! : index;
    return positive >= 0 && positive < shape[axis]! ? positive : call.refuse(`of index ${index}`);
  });
  if (indices.shape.length === 0) return laidOut(from, call, (tensor) => picked(tensor, axis, at[0]!));
  if (indices.shape.length > 1 || at.length === 0) call.refuse('by a table of indices');
  return joined(
    at.map((index) => laidOut(from, call, (tensor) => sliced(tensor, axis, index, 1))),
    axis,
    call,
  );
}

function gatherData(from: Data, indices: Numbers, call: Call): Data {
  if (indices.values.length !== 1 || indices.shape.length > 1) call.refuse('of several indices');
  const axis = call.axis(call.node.attributes.int('axis', 0), from.axes.length);
  const index = known(indices.values[0]!) ?? call.refuse('by indices that are not known');
  return selected(from, axis, index, 1, indices.shape.length === 1, call);
}

/** `count` indices of an axis, from `index` on; an axis that is not kept is gone then. */
function selected(data: Data, axis: number, index: number, count: number, keep: boolean, call: Call): Data {
  const [size, factor] = [known(sizeAt(data, axis, call)), factorAt(data, axis)];
  const start = index < 0 && size !== null ? index + size : index;
  const axes = data.axes.flatMap((factors, i) => (i !== axis ? [factors] : keep ? [[]] : []));
  if (factor === 'ticks') {
    if (count !== 1 || (start !== -1 && start + 1 !== size)) call.refuse('of other than the last tick');
    return { ...eachPart(data, (part) => part.through({ kind: 'last', name: call.name })), axes, tokens: data.tokens };
  }
  if (size === 1 && start === 0 && count === 1) return withAxes(data, axes, call);
  if (factor !== 'parts') return call.refuse(`of some of the ${factor ?? 'rows'}`);
  if (start < 0 || count < 1 || start + count > data.parts.length) call.refuse(`of parts from ${start} on`);
  const parts = data.parts.slice(start, start + count);
  return count === 1 ? { ...data, parts, axes } : { ...data, parts };
}

/** Rows of a table: what an Embedding does. */
function embedding(tokens: Data, call: Call): Data {
  const table = call.constant(0);
  const [part] = tokens.parts;
  if (table.shape.length !== 2 || call.axis(call.node.attributes.int('axis', 0), 2) !== 0)
    call.refuse('along another axis');
  if (tokens.parts.length > 1 || tokens.width !== 1 || part!.value.layer !== null) call.refuse('by computed indices');
  const [vocabulary, units] = table.shape as [number, number];
  if (elementless(table.shape)) call.refuse('of an empty table');
  const layer = { kind: 'embedding', name: call.name, vocabulary, units, maskZero: false } as const;
  const axes = tokens.axes.map((factors) => factors.filter((factor) => factor !== 'features'));
  const data = eachPart(tokens, (one) => one.through({ ...layer, table: call.context.floats(table) }, units));
  return withAxes(data, [...axes, ['features']], call);
}

const elementless = (shape: readonly number[]) => shape.includes(0);

interface Range {
  axis: number;
  start: Size;
  end: Size;
  step: number;
}

export const slice: Operator = (call) => {
  const value = call.input(0);
  if (value?.kind === 'zeros') return [ZEROS];
  if (value?.kind === 'data')
    return [ranges(value.axes.length, call).reduce((data, range) => sliceData(data, range, call), value)];
  if (value?.kind === 'constant' || value?.kind === 'numbers') {
    return [ranges(shapeOf(value).length, call).reduce((held, range) => sliceHeld(held, range, call), value as Held)];
  }
  return call.refuse('without an input');
};

/** What a Slice says of each of its axes: by inputs, before version 10 by attributes. */
function ranges(rank: number, call: Call): Range[] {
  const { attributes } = call.node;
  const of = (index: number, name: string): Size[] | null =>
    call.has(index) ? call.sizes(index) : (attributes.ints(name)?.map(fixed) ?? null);
  const [starts, ends] = [of(1, 'starts') ?? [], of(2, 'ends') ?? []];
  const axes = call.list(3, 'axes') ?? starts.map((_, i) => i);
  const steps = call.list(4, 'steps') ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length)
    call.refuse('of starts, ends and axes that do not fit together');
  return starts.map((start, i) => ({ axis: call.axis(axes[i]!, rank), start, end: ends[i]!, step: steps[i]! }));
}

function sliceData(data: Data, { axis, start, end, step }: Range, call: Call): Data {
  const size = sizeAt(data, axis, call);
  const [from, to] = [known(start), known(end)];
  if (step !== 1 || from === null) return call.refuse('of steps or starts that are not known');
  const length = known(size) ?? Number.POSITIVE_INFINITY;
  // to the end: an end as large as the axis, or as no axis is
  const toEnd = same(end, size) || (to !== null && (to >= length || to >= 0x7fff_ffff));
  if (toEnd && (from === 0 || from <= -Math.min(length, 0x7fff_ffff))) return data;
  if (toEnd) {
    const first = from < 0 && length < Number.POSITIVE_INFINITY ? from + length : from;
    return selected(data, axis, first, first < 0 ? -first : length - first, true, call);
  }
  if (to === null || length === Number.POSITIVE_INFINITY) return call.refuse('of bounds that are not known');
  const [first, last] = [from < 0 ? from + length : from, to < 0 ? to + length : to];
  return selected(data, axis, first, last - first, true, call);
}

function sliceHeld(value: Held, { axis, start, end, step }: Range, call: Call): Held {
  const size = shapeOf(value)[axis]!;
  const [from, to] = [known(start), known(end)];
  if (step < 1 || from === null || to === null) return call.refuse('backwards, or of bounds that are not known');
  const clamp = (index: number) => Math.min(size, Math.max(0, index < 0 ? index + size : index));
  const count = Math.max(0, Math.ceil((clamp(to) - clamp(from)) / step));
  return laidOut(value, call, (tensor) => sliced(tensor, axis, clamp(from), count, step));
}

export const split: Operator = (call) => {
  const value = call.input(0);
  const { outputs } = call.node;
  if (value?.kind === 'zeros') return outputs.map(() => ZEROS);
  if (value?.kind !== 'data' && value?.kind !== 'constant' && value?.kind !== 'numbers')
    return call.refuse('without an input');
  const rank = value.kind === 'data' ? value.axes.length : shapeOf(value).length;
  const axis = call.axis(call.node.attributes.int('axis', 0), rank);
  const size = value.kind === 'data' ? known(sizeAt(value, axis, call)) : shapeOf(value)[axis]!;
  const even = Math.ceil((size ?? call.refuse('of an open size')) / outputs.length);
  const counts = call.list(1, 'split') ?? outputs.map((_, i) => Math.max(0, Math.min(even, size! - i * even)));
  if (counts.length !== outputs.length) call.refuse(`into ${counts.length} pieces`);
  let at = 0;
  return counts.map((count) => {
    const range = { axis, start: fixed(at), end: fixed((at += count)), step: 1 };
    return value.kind === 'data' ? sliceData(value, range, call) : sliceHeld(value, range, call);
  });
};

export const concat: Operator = (call) => {
  const values = call.inputs.map((value) => value ?? call.refuse('of a missing input'));
  if (values.length === 0) call.refuse('of nothing');
  if (values.every((value) => value.kind === 'data')) return [concatData(values as Data[], call)];
  if (values.some((value) => value.kind === 'zeros')) {
    const zeros = values.every((value) => isZero(value, call.context));
    return zeros ? [ZEROS] : call.refuse('of zeros and something else');
  }
  if (values.some((value) => value.kind === 'data')) call.refuse('of what is computed and a constant');
  const held = values as Held[];
  const axis = call.axis(call.node.attributes.int('axis', 0), shapeOf(held[0]!).length);
  return [joined(held, axis, call)];
};

/** Features side by side; or things of one shape laid on each other along an axis of their own. */
function concatData(values: readonly Data[], call: Call): Data {
  const [first] = values;
  const axis = call.axis(call.node.attributes.int('axis', 0), first!.axes.length);
  if (values.some((value) => value.axes.length !== first!.axes.length)) call.refuse('of unlike things');
  if (isStackable(values, axis)) {
    const parts = values.flatMap((value) => value.parts);
    const state = values.every((value) => value.state);
    return { ...first!, parts, state, axes: first!.axes.map((factors, i) => (i === axis ? ['parts'] : factors)) };
  }
  const wide = values.map((value) => featuresAt(value, axis, call));
  if (wide.some((value) => value.parts.length > 1 || !sameAxes(value, wide[0]!, -1))) call.refuse('of unlike things');
  const all = { ...wide[0]!, parts: wide.flatMap((value) => value.parts) };
  return { ...concatenated(all, call.context, call.name), state: false };
}

/** Whether things of one shape stand on an axis that counts nothing but them; one without features could be one. */
function isStackable(values: readonly Data[], axis: number): boolean {
  const [first] = values;
  return values.every((value) => {
    const free = factorAt(value, axis) === 'parts' || (factorAt(value, axis) === null && value.parts.length === 1);
    const features = value.axes.some((factors) => factors.includes('features'));
    return free && features && value.width === first!.width && sameAxes(value, first!, axis);
  });
}

/** Whether all axes but one count the same. */
export function sameAxes(a: Data, b: Data, but: number): boolean {
  const show = ({ axes }: Data) => JSON.stringify(axes.map((factors, i) => (i === but ? null : factors)));
  return show(a) === show(b);
}

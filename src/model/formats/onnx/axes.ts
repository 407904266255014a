/** Axes of what is computed from the input: put in another order, dropped, merged, selected from. */
import type { Call } from './call.ts';
import type { Context } from './context.ts';
import { type Dim, fixed, known, ONE, product, quotient, type Size, same } from './dims.ts';
import { Part } from './part.ts';
import type { Axis, Data, Factor } from './values.ts';

const MOST_AXES = 16;

/** What an axis counts where that is one thing; null: nothing, it has the length 1. */
export function factorAt(data: Data, axis: number): Factor | null | 'several' {
  const factors = data.axes[axis]!;
  return factors.length > 1 ? 'several' : (factors[0] ?? null);
}

/** Whether an axis is the one of `factor`; one that nothing counts may be, where it has the length 1. */
export function isAxis(data: Data, axis: number, factor: Factor): boolean {
  const found = factorAt(data, axis);
  return found === factor || (found === null && !data.axes.some((factors) => factors.includes(factor)));
}

/** Length of an axis. */
export function sizeAt(data: Data, axis: number, call: Call): Size {
  return data.axes[axis]!.reduce<Size>((size, factor) => product(size, sizeOf(data, factor, call)), ONE);
}

function sizeOf(data: Data, factor: Factor, { context }: Call): Dim {
  if (factor === 'batch') return context.batch;
  if (factor === 'ticks') return context.ticks;
  return fixed(factor === 'parts' ? data.parts.length : data.width);
}

/** The same numbers under other axes. */
export function withAxes(data: Data, axes: readonly Axis[], call: Call): Data {
  if (axes.length > MOST_AXES) call.refuse(`that gives ${axes.length} axes`);
  return { ...data, axes };
}

/** Every part through `next`. What it gives is computed: no state, no token. */
export function eachPart(data: Data, next: (part: Part) => Part): Data {
  const parts = data.parts.map(next);
  return { ...data, parts, width: parts[0]!.width, state: false, tokens: false };
}

/** The data with its features on `axis`: parts or ticks that stand there in place of features become some. */
export function featuresAt(data: Data, axis: number, call: Call): Data {
  const factor = factorAt(data, axis);
  const absent = !data.axes.some((factors) => factors.includes('features'));
  if (factor !== 'features' && !absent) call.refuse('along an axis that is not that of the features');
  const axes = data.axes.map((factors, i): Axis => (i === axis ? ['features'] : factors));
  if (factor === 'features' || factor === null) return { ...data, axes };
  if (factor === 'parts') return { ...concatenated(data, call.context, call.name), axes };
  return factor === 'ticks' ? { ...flattened(data, call), axes } : call.refuse('of ticks and batch on one axis');
}

/**
 * Reshapes: the factors stay in their order, `target` says which of them share an axis.
 * @param target sizes; -1, or a single unknown one, takes the rest
 */
export function reshaped(data: Data, target: readonly Size[], call: Call): Data {
  const rest = data.axes.flat();
  const size = (factor: Factor) => sizeOf(data, factor, call);
  const all = rest.map(size).reduce<Size>(product, ONE);
  const axes = wanted(target, all, call).map((length) => {
    const axis: Factor[] = [];
    if (same(length, ONE) && rest[0] && same(size(rest[0]), ONE)) axis.push(rest.shift()!);
    for (let counted: Size = ONE; !same(counted, length); counted = product(counted, size(axis.at(-1)!))) {
      const next = rest.shift();
      if (!next) call.refuse('that splits an axis');
      else axis.push(next);
    }
    return axis;
  });
  if (!rest.every((factor) => same(size(factor), ONE))) call.refuse('that splits an axis');
  return settle(data, axes, call);
}

/** Sizes of all axes, the one that takes the rest worked out. */
function wanted(target: readonly Size[], all: Size, call: Call): Size[] {
  const isRest = (size: Size) => size === null || size.times === -1;
  if (target.filter(isRest).length > 1) call.refuse('to a shape that is not known');
  const others = target.filter((size) => !isRest(size)).reduce<Size>(product, ONE);
  return target.map((size) =>
    isRest(size) ? (quotient(all, others) ?? call.refuse('to a shape of another size')) : size,
  );
}

/** Axes of several factors: lengths of 1 are left out, parts and ticks before the features become features. */
function settle(data: Data, axes: readonly Axis[], call: Call): Data {
  let settled: Data = data;
  const tidy = axes.map((factors): Axis => {
    const kept = factors.length < 2 ? factors : factors.filter((one) => !same(sizeOf(data, one, call), ONE));
    const together = kept.join(' ');
    if (kept.length < 2 || ROWS.includes(together)) return kept;
    if (!MERGEABLE.includes(together)) call.refuse(`that mixes ${together.replaceAll(' ', ' and ')}`);
    if (kept.includes('parts')) settled = concatenated(settled, call.context, call.name);
    if (kept.includes('ticks')) settled = flattened(settled, call);
    return ['features'];
  });
  return withAxes(settled, tidy, call);
}

/** Rows one after the other, for layers that know no ticks; and what can be features together. */
const ROWS = ['batch ticks', 'ticks batch'];
const MERGEABLE = ['parts features', 'ticks features', 'ticks parts features'];

/** The parts side by side. */
export function concatenated(data: Data, context: Context, name: string): Data {
  if (data.parts.length === 1) return data;
  const values = data.parts.map((part) => part.value);
  const [value] = context.add({ kind: 'concatenate', name: `${name}_concatenate` }, ...values);
  const part = Part.of(context, value!);
  return { ...data, parts: [part], width: part.width };
}

/** The ticks of the window side by side. */
function flattened(data: Data, call: Call): Data {
  const ticks = known(call.context.ticks) ?? call.refuse('over all ticks, of which the file does not say how many');
  return eachPart(data, (part) => part.through({ kind: 'flatten', name: `${call.name}_flatten` }, ticks * part.width));
}

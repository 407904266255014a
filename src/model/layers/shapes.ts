/** What the kinds of layers ask of the shapes that come in. */
import { ACTIVATIONS, activationIndex, ROW_ACTIVATIONS } from '../activations.ts';
import { rowWidth, type Shape, showShape, TICKS } from '../shape.ts';
import type { Refuse } from './layer.ts';

/** The one input of a layer that takes no other. */
export function only(inputs: readonly Shape[], refuse: Refuse): Shape {
  if (inputs.length !== 1) refuse('inputs', `${inputs.length} of them`, 'one');
  return inputs[0]!;
}

/** [ticks, values]. */
export function sequence(shape: Shape | undefined, refuse: Refuse): readonly [number, number] {
  if (shape?.length !== 2 || shape[1] === TICKS) {
    refuse('inputs', shape ? showShape(shape) : undefined, 'a sequence of shape [ticks, values]');
  }
  return shape as unknown as readonly [number, number];
}

/** Length of the last axis, which must be one of values. */
export function lastAxis(shape: Shape, refuse: Refuse): number {
  const width = shape.at(-1) ?? TICKS;
  if (width === TICKS) refuse('inputs', showShape(shape), 'values on the last axis');
  return width;
}

/** Why a layer that works value by value, or row by row, cannot take one tick at a time: rows of several rows. */
export function rowsWithin(shape: Shape): string | null {
  return rowWidth(shape) === shape.at(-1) ? null : `works on ${showShape(shape)}, several rows at once`;
}

/** The number of values of a shape, T filled in. */
export function size(shape: Shape, refuse: Refuse, window: number | null): number {
  if (!shape.includes(TICKS)) return rowWidth(shape);
  if (window === null) refuse('inputs', showShape(shape), 'a known number of ticks: the model fixes none');
  return rowWidth(shape) * window!;
}

export function checkActivation(name: string, field: string, refuse: Refuse): void {
  if (activationIndex(name) < 0) refuse(field, name, `one of ${ACTIVATIONS.join(', ')}`);
}

/** The activation of a gate or a state: value by value. */
export function checkGate(name: string | undefined, field: string, refuse: Refuse): void {
  if (name === undefined) return;
  checkActivation(name, field, refuse);
  if (ROW_ACTIVATIONS.includes(name)) refuse(field, name, 'an activation that works value by value');
}

import { number } from '../formats/fields.ts';
import type { DropoutSpec } from '../spec.ts';
import type { LayerKind } from './layer.ts';
import { only } from './shapes.ts';
import { passes } from './taped.ts';

/** Inert outside training. */
export const dropout: LayerKind<DropoutSpec> = {
  kind: 'dropout',
  summary: 'Dropout and other noise of training: inert',
  fields: { rate: number },
  tensorNames: [],
  tensors: () => ({}),
  shapes: (_, inputs, refuse) => [only(inputs, refuse)],
  needsWindow: () => null,
  stateful: false,
  step: () => null,
  tape: (_, context) => passes(context),
};

/** Layers of which only what shapes depend on is said, and models wired of them. */
import type { LayerSpec } from '../../src/model/spec.ts';
import { type Wired, wire } from '../../src/model/wiring.ts';

export type Fields = { kind: LayerSpec['kind'] } & Record<string, unknown>;
export const layer = (fields: Fields): LayerSpec => ({ name: fields.kind, ...fields }) as unknown as LayerSpec;
export const from = (...names: (string | null | [string, number])[]) =>
  names.map((name) => (Array.isArray(name) ? { layer: name[0], output: name[1] } : { layer: name, output: 0 }));

/** Wires layers on top of an input of F values a tick. */
export function wired(F: number, layers: Fields[], window: number | null = null): Wired[] {
  return wire({ inputs: F, window, layers: layers.map(layer) }, 'm');
}

export const rnn = (name: string, inputs: number, units: number, more = {}): Fields => ({
  kind: 'rnn',
  name,
  inputs,
  units,
  sequences: true,
  ...more,
});

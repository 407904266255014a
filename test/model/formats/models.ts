import { readFileSync } from 'node:fs';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { writeSafetensors } from '../../../src/model/formats/safetensors.ts';
import type { ModelSpec } from '../../../src/model/spec.ts';

/** A file of the demo. */
export function demoFile(name: string): Uint8Array {
  return readFileSync(new URL(`../../../demo/${name}`, import.meta.url));
}

type Entry = { class_name: string; config: Record<string, unknown>; name?: string; inbound_nodes?: unknown[] };
export type Config = { class_name: string; config: { layers: Entry[] } & Record<string, unknown> };

/** A `.keras` file with its configuration changed, maybe its metadata as well, weights as they are. */
export function changeKeras(bytes: Uint8Array, change: (config: Config) => void, metadata?: object): Uint8Array {
  const entries = unzipSync(bytes);
  const config = JSON.parse(strFromU8(entries['config.json']!)) as Config;
  change(config);
  const said: Record<string, Uint8Array> = metadata ? { 'metadata.json': strToU8(JSON.stringify(metadata)) } : {};
  return zipSync({ ...entries, ...said, 'config.json': strToU8(JSON.stringify(config)) });
}

/** A `.keras` file with other weights. */
export function changeWeights(bytes: Uint8Array, change: (h5: Uint8Array) => Uint8Array): Uint8Array {
  const entries = unzipSync(bytes);
  return zipSync({ ...entries, 'model.weights.h5': change(entries['model.weights.h5']!) });
}

/** A state dict with every value counting up by one thousandth. */
export function stateDict(shapes: Record<string, number[]>): Uint8Array {
  let next = 0;
  return writeSafetensors(
    Object.entries(shapes).map(([key, shape]) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      return [key, { shape, data: data.map(() => next++ / 1000) }] as const;
    }),
  );
}

/** A small model with a layer of every kind, for round trips. */
export function smallModel(): ModelSpec {
  const ramp = (n: number, from = 0.5) => Float32Array.from({ length: n }, (_, i) => from + i / 8);
  return {
    format: 'native',
    name: 'small',
    inputs: 2,
    outputs: ['a', 'b'],
    layers: [
      { kind: 'normalization', name: 'norm', inputs: 2, mean: ramp(2), variance: ramp(2) },
      { kind: 'dropout', name: 'drop', inputs: 2, rate: 0.25 },
      {
        kind: 'lstm',
        name: 'low',
        inputs: 2,
        units: 1,
        sequences: true,
        kernel: ramp(8),
        recurrent: ramp(4),
        bias: ramp(4),
      },
      {
        kind: 'lstm',
        name: 'high',
        inputs: 1,
        units: 3,
        sequences: false,
        kernel: ramp(12),
        recurrent: ramp(36),
        bias: ramp(12),
      },
      { kind: 'dense', name: 'head.1', inputs: 3, units: 2, activation: 'softmax', kernel: ramp(6), bias: ramp(2) },
      { kind: 'rescaling', name: 'units', inputs: 2, scale: ramp(1), offset: ramp(2) },
    ],
    features: ['x', 'log(`the y`)'],
    target: { expression: 'x', output: 1 },
    horizon: 3,
    mean: Float32Array.of(0.1, -2),
    mode: 'windowed',
    window: 7,
    display: {
      features: [
        { label: 'x', unit: '', scale: 1 },
        { label: 'y', unit: '%', scale: 100 },
      ],
      target: { label: 'x', unit: '°C', scale: 1 },
      axis: 'time',
      tickMeans: null,
    },
    provenance: { data: 'made up', trainedUntil: 1395100800000 },
  };
}

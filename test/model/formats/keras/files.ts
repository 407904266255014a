import { readFileSync } from 'node:fs';
import { type ModelFile, readModel } from '../../../../src/model/formats/index.ts';
import { openZip, type Zip } from '../../../../src/model/formats/zip.ts';
import type { ModelSpec } from '../../../../src/model/spec.ts';

/** A model of `test/golden/keras-files`, with what it gives. */
export interface RealModel {
  name: string;
  files: string[];
  /** Windows of T rows of F values, and the outputs of each. */
  windows(inputs: number): number[][][];
  outputs: number[][];
  read(file: string): ModelSpec;
  source(file: string): ModelFile;
}

/** All models of one archive. */
export function realModels(archive: 'keras-2' | 'keras-3' | 'tfjs-4'): RealModel[] {
  const url = new URL(`../../../golden/keras-files/${archive}.zip`, import.meta.url);
  const zip = openZip(readFileSync(url), archive);
  const names = new Set(zip.names.map((path) => path.split('/')[0]!));
  return [...names].map((name) => realModel(zip, name));
}

function realModel(zip: Zip, name: string): RealModel {
  const bytes = (file: string): Uint8Array => zip.read(`${name}/${file}`);
  const { x, y } = JSON.parse(new TextDecoder().decode(bytes('figures.json'))) as { x: unknown[][]; y: number[][] };
  const source = (file: string): ModelFile => ({ bytes: bytes(file), file, beside: bytes });
  return {
    name,
    files: zip.names.filter((path) => path.startsWith(`${name}/model.`)).map((path) => path.split('/')[1]!),
    windows: (inputs) => x.map((window) => rows(window.flat() as number[], inputs)),
    outputs: y,
    source,
    read: (file) => readModel(bytes(file), file, { beside: bytes }),
  };
}

function rows(values: number[], width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, t) => values.slice(t * width, (t + 1) * width));
}

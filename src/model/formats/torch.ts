import { invalid, ModelError } from '../../errors.ts';
import { TICKS } from '../shape.ts';
import type { ModelSpec } from '../spec.ts';
import { whyWindowed } from '../wiring.ts';
import { SpecBuilder, type Value } from './builder.ts';
import type { ModelFile } from './index.ts';
import type { Safetensors } from './safetensors.ts';
import type { Tensor } from './tensor.ts';
import { type Architecture, guessArchitecture, readArchitecture, recurrentPrefixes } from './torch/architecture.ts';
import { readArchive, torchRoot } from './torch/archive.ts';
import { adder, type Place } from './torch/module.ts';
import { StateDict } from './torch/stateDict.ts';
import { isZip, openZip } from './zip.ts';

/*
 * A PyTorch state dict, in a safetensors file or as torch.save writes it. It holds tensors by name and nothing about how they
 * are wired: an architecture file says that, else it must be one recurrent module and one nn.Linear (`torch/architecture.ts`).
 */

/**
 * Reads a state dict.
 * @param container the file as safetensors, where it is that
 * @returns the model, or null where the file is of another kind
 * @throws ModelError naming the tensor or the field that does not fit, or what the file holds instead
 */
export function readTorch(source: ModelFile, container: Safetensors | null): ModelSpec | null {
  const tensors = container ? fromSafetensors(container, source) : fromTorchSave(source);
  return tensors && build(new StateDict(tensors, source.file), source);
}

/** Without a recurrent module only an architecture says that this is a state dict. */
function fromSafetensors({ tensors }: Safetensors, { architecture }: ModelFile): Map<string, Tensor> | null {
  return architecture || recurrentPrefixes(tensors.keys()).length > 0 ? tensors : null;
}

function fromTorchSave({ bytes, file }: ModelFile): Map<string, Tensor> | null {
  if (isZip(bytes)) {
    const zip = openZip(bytes, file);
    const root = torchRoot(zip, file);
    return root === null ? null : readArchive(zip, root, file, bytes.length);
  }
  if (!isPickle(bytes)) return null;
  const expected =
    'the zip format of torch.save since PyTorch 1.6, or safetensors: load it in Python and save it again';
  throw new ModelError(invalid(file, isLegacy(bytes) ? "torch.save's old format" : 'a Python pickle', expected));
}

/** PROTO 2 to 5. */
function isPickle(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5;
}

/** A pickle of the number 0x1950a86a20f9469cfc6c, then others. */
function isLegacy(bytes: Uint8Array): boolean {
  const magic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
  return magic.every((byte, i) => bytes[2 + i] === byte);
}

function build(state: StateDict, { file, architecture: given }: ModelFile): ModelSpec {
  const architecture = given ? readArchitecture(given.text, given.file) : guessArchitecture(state);
  const { layers, read, window } = architecture;
  const builder = new SpecBuilder(file, inputsOf(architecture, state), window);
  const add = adder(builder, file);
  const along = layers.findLastIndex((module) => module.along);
  const joins = layers.findIndex((module, i) => i > along && module.joins);
  let below = builder.input;
  for (const [i, module] of layers.entries()) {
    if (i === joins) below = readOut(below, read, add);
    below = module.add({ state, below, last: read === 'last' && i === along, add });
  }
  if (joins < 0) below = readOut(below, read, add);
  state.finish(
    given ? `nothing that ${given.file} does not name` : 'one recurrent module and one nn.Linear, nothing else',
  );
  const name = file.replace(/\.[^.]*$/, '');
  const spec = builder.finish(below, { format: 'torch', name, mode: 'windowed' });
  return window === null && whyWindowed(spec) === null ? { ...spec, mode: 'stateful' } : spec;
}

/** F: what the first module with weights takes. */
function inputsOf({ layers, window }: Architecture, state: StateDict): number {
  let T = 1;
  for (const module of layers) {
    if (module.flattens) T = window ?? 1;
    const width = module.inputs(state);
    if (width !== null) return Math.max(1, Math.floor(width / T));
  }
  throw new ModelError(invalid(`${state.file} layers`, 'none with weights', 'at least one'));
}

/** Of a sequence what the layers above take; a vector stays. */
function readOut(below: Value, read: Architecture['read'], add: Place['add']): Value {
  if (below.shape[0] !== TICKS || read === 'sequence') return below;
  if (read === 'last') return add({ kind: 'last', name: 'last' }, below);
  return add(
    { kind: 'global-pooling', name: read, operation: read === 'mean' ? 'average' : 'max', keep: false },
    below,
  );
}

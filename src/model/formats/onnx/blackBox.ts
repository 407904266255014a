/** A graph that is only called: what goes in, what comes out, and why the kernels do not run it. */
import { invalid, ModelError } from '../../../errors.ts';
import type { ModelSpec } from '../../spec.ts';
import { checkModel } from '../check.ts';
import { elementCount, toFloat32 } from '../tensor.ts';
import { inlined } from './inline.ts';
import type { Onnx, Port } from './model.ts';

const FLOAT32 = 1;

/**
 * The model as a black box: one float input (N, T, F), or (N, T) of one feature, and one float output (N, O), (N), or
 * (N, T, O) of which the last tick counts.
 * @param bytes the whole file
 * @param reason why it is not one of layers
 * @throws ModelError naming an input or an output of another kind
 */
export function asBlackBox(onnx: Onnx, bytes: Uint8Array, name: string, reason: string): ModelSpec {
  const { file, nodes, tensors } = onnx;
  const input = only(onnx.inputs, 'input', file);
  const output = only(onnx.outputs, 'output', file);
  const [window, features] = axesOf(input, file);
  const width = widthOf(output, file);
  checkNumbers(onnx);
  return checkModel(
    {
      format: 'onnx',
      name,
      inputs: features,
      outputs: width === 1 ? [output.name] : Array.from({ length: width }, (_, i) => `${output.name}_${i}`),
      layers: [],
      blackBox: {
        bytes: inlined(bytes, tensors, file),
        input: input.name,
        output: output.name,
        axes: input.dims!.length,
        batch: input.dims![0]!,
        operators: [...new Set(nodes.map(({ op }) => op))].sort(),
        reason,
        parameters: [...tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0),
      },
      features: null,
      target: null,
      horizon: 1,
      mean: null,
      mode: 'windowed',
      window,
      display: null,
      provenance: null,
    },
    file,
  );
}

function only(ports: readonly Port[], what: string, file: string): Port {
  if (ports.length !== 1) {
    const names = ports.map(({ name }) => name);
    throw new ModelError(invalid(`${file} ${what}s`, names, `one ${what}, of a model that is only called`));
  }
  const [port] = ports;
  if (port!.type === FLOAT32) return port!;
  throw new ModelError(invalid(`${file} ${what} ${port!.name}`, `type ${port!.type}`, 'a float32 tensor (type 1)'));
}

/** T, null where it is open, and F. */
function axesOf({ name, dims }: Port, file: string): [window: number | null, features: number] {
  if (dims?.length === 2) return [dims[1]!, 1];
  const features = dims?.length === 3 ? dims[2] : null;
  if (features == null) {
    throw new ModelError(invalid(`${file} input ${name}`, show(dims), 'axes (N, T, F) with a fixed F, or (N, T)'));
  }
  return [dims![1]!, features];
}

/** O; 1 where the file leaves it open: the first run would tell. */
function widthOf({ name, dims }: Port, file: string): number {
  if (dims === null || dims.length === 1) return 1;
  if (dims.length === 2 || dims.length === 3) return dims.at(-1) ?? 1;
  throw new ModelError(invalid(`${file} output ${name}`, show(dims), 'axes (N, O), (N) or (N, T, O)'));
}

function show(dims: Port['dims']): string {
  return dims ? `[${dims.map((n) => n ?? 'open').join(', ')}]` : 'any axes';
}

/** Masks may be infinite; nothing is meant to be no number. */
function checkNumbers({ file, tensors }: Onnx): void {
  for (const [name, { whole, tensor }] of tensors) {
    if (whole || !tensor) continue;
    const at = toFloat32(tensor).findIndex(Number.isNaN);
    if (at >= 0) throw new ModelError(invalid(`${file} tensor ${name}[${at}]`, Number.NaN, 'a number'));
  }
}

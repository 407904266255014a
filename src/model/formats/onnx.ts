import { invalid, ModelError } from '../../errors.ts';
import type { ModelSpec } from '../spec.ts';
import type { ModelFile } from './index.ts';
import { asBlackBox } from './onnx/blackBox.ts';
import { readModelProto } from './onnx/model.ts';
import { readLayers } from './onnx/native.ts';

export { isOnnx } from './onnx/model.ts';

/*
 * ONNX (https://github.com/onnx/onnx, docs/IR.md and docs/Operators.md). The graph is followed node by node, not with
 * numbers but with what is known of each value (`onnx/values.ts`): which axis is the batch, the ticks, the features, and
 * which layer gives it. Where all operators on the way to the output are understood the model is one of layers, which the
 * kernels run on a stream; any other is a black box.
 */

/**
 * Reads an ONNX file.
 * @throws ModelError naming the node, the tensor, the input or the output that is damaged or does not fit
 */
export function readOnnx(source: ModelFile): ModelSpec {
  const onnx = readModelProto(source);
  const name = source.file.replace(/\.[^.]*$/, '');
  const reading = readLayers(onnx, name);
  if ('spec' in reading) return reading.spec;
  if (reading.layout === 'batch first') return asBlackBox(onnx, source.bytes, name, reading.reason);
  const expected = `axes (N, T, F) of a model that is only called: ${reading.reason}`;
  throw new ModelError(invalid(`${source.file} input ${onnx.inputs[0]!.name}`, 'axes (T, N, F)', expected));
}

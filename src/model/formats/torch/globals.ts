/** The names that a state dict's pickle needs. Any other is refused before anything is done with it. */
import { type Dtype, elementCount } from '../tensor.ts';
import { Dict, type Known, Opaque, StorageRef, TensorRef, Tuple, type Value } from './values.ts';

/** torch allows 64; models have four at most. */
const MAX_RANK = 8;

const storages: Record<string, Dtype> = {
  BFloat16Storage: 'BF16',
  BoolStorage: 'BOOL',
  ByteStorage: 'U8',
  CharStorage: 'I8',
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  IntStorage: 'I32',
  LongStorage: 'I64',
  ShortStorage: 'I16',
};

/** Arguments: storage, offset, size, stride, and of v2 requires_grad, backward_hooks, metadata. */
const rebuildTensor: Known['call'] = (args, refuse) => {
  const [storage, offset, size, stride, , , metadata] = args;
  const shape = wholes(size);
  const strides = wholes(stride);
  if (!(storage instanceof StorageRef) || !isWhole(offset) || !shape || !strides) return undefined;
  if (metadata instanceof Dict && metadata.entries.size > 0) refuse('a negated or conjugated view', 'a plain tensor');
  if (!fits(storage.numel, offset, shape, strides)) {
    const found = `shape [${shape.join(', ')}], strides [${strides.join(', ')}] from ${offset} on`;
    refuse(found, `a tensor within the ${storage.numel} elements of its storage`);
  }
  return new TensorRef(storage, offset, shape, strides);
};

/** By the name that Python imports. */
export const globals: ReadonlyMap<string, Known> = new Map<string, Known>([
  ['collections.OrderedDict', { call: (args) => (args.length === 0 ? new Dict(true) : undefined) }],
  ['torch.Size', { call: ([sizes]) => (sizes instanceof Tuple ? sizes : undefined) }],
  ['torch.device', { call: () => new Opaque('a device') }],
  ['torch._utils._rebuild_parameter', { call: ([tensor]) => (tensor instanceof TensorRef ? tensor : undefined) }],
  ['torch._utils._rebuild_tensor', { call: rebuildTensor }],
  ['torch._utils._rebuild_tensor_v2', { call: rebuildTensor }],
  ...Object.entries(storages).map(([name, dtype]): [string, Known] => [`torch.${name}`, { dtype }]),
]);

/** Within the storage, and not one number seen as many: `expand` makes gigabytes out of four bytes. */
function fits(numel: number, offset: number, shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.length !== strides.length) return false;
  if (shape.includes(0)) return offset <= numel;
  const last = shape.reduce((at, n, axis) => at + (n - 1) * strides[axis]!, offset);
  return elementCount(shape) <= numel && last < numel;
}

function wholes(value: Value | undefined): number[] | undefined {
  if (!(value instanceof Tuple) || value.items.length > MAX_RANK) return undefined;
  return value.items.every(isWhole) ? (value.items as number[]).slice() : undefined;
}

export function isWhole(value: Value | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

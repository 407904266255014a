/** A graph as a model of layers, where all of its operators are understood. */
import type { ModelSpec } from '../../spec.ts';
import { whyWindowed } from '../../wiring.ts';
import { SpecBuilder } from '../builder.ts';
import { concatenated } from './axes.ts';
import { Call } from './call.ts';
import { Context, NotNative, TicksFirst } from './context.ts';
import { type Dim, fixed } from './dims.ts';
import { featuresOf, mainInput } from './input.ts';
import { isStandard, type Node, type Onnx, type Port } from './model.ts';
import { findOperator } from './operators/index.ts';
import { Part } from './part.ts';
import { type Axis, type Data, type Foreign, type Known, ZEROS } from './values.ts';

/** ONNX' types of an input that becomes one of ours: float32, float16, double, and int32 and int64 for tokens. */
const FLOATS = [1, 10, 11];
const WHOLES = [6, 7];
/** Broadcasting was another before. */
const OLDEST_OPSET = 7;

/** Whether the batch is the input's first axis, or the ticks are. */
type Layout = 'batch first' | 'ticks first';

/** A model of layers, and how its input is laid out; or why it is none. */
export type Reading = { spec: ModelSpec } | { reason: string; layout: Layout };

/**
 * Reads the graph twice if need be: which axis of the input is that of time shows only where a recurrent layer takes it.
 * @throws ModelError where weights do not fit together
 */
export function readLayers(onnx: Onnx, name: string): Reading {
  let layout: Layout = 'batch first';
  try {
    try {
      return { spec: readAs(layout, onnx, name) };
    } catch (error) {
      if (!(error instanceof TicksFirst)) throw error;
      layout = 'ticks first';
      return { spec: readAs(layout, onnx, name) };
    }
  } catch (error) {
    if (error instanceof NotNative) return { reason: error.message, layout };
    if (error instanceof TicksFirst)
      return { reason: 'its recurrent layers take the ticks from different axes', layout };
    throw error;
  }
}

function readAs(layout: Layout, onnx: Onnx, name: string): ModelSpec {
  const { file, opset } = onnx;
  if (opset < OLDEST_OPSET) throw new NotNative(`its operators are of version ${opset}, before ${OLDEST_OPSET}`);
  const port = mainInput(onnx);
  const { axes, features, window, ...sizes } = layoutOf(port, layout, onnx);
  const builder = new SpecBuilder(file, features, window);
  const context = new Context(builder, onnx, sizes);
  const input: Data = {
    kind: 'data',
    parts: [Part.of(context, builder.input)],
    axes,
    width: features,
    state: false,
    tokens: sizes.wholes,
  };
  const values = evaluate(onnx, context, (one) => (one === port.name ? input : ZEROS));
  const output = chooseOutput(onnx.outputs.map((one) => values.get(one.name)!));
  return finish(concatenated(output, context, 'output'), builder, name);
}

/** What the axes of the input count, and their sizes. */
function layoutOf(port: Port, layout: Layout, onnx: Onnx) {
  const { name, type, dims } = port;
  const wholes = WHOLES.includes(type);
  if (!wholes && !FLOATS.includes(type))
    throw new NotNative(`its input ${name} is neither of floats nor of whole numbers`);
  if (dims?.length !== 2 && dims?.length !== 3)
    throw new NotNative(`its input ${name} has ${dims?.length ?? 'any number of'} axes`);
  const features = dims.length === 2 ? 1 : (dims[2] ?? featuresOf(onnx, port));
  if (features === null) throw new NotNative(`its input ${name} leaves the number of features open`);
  const [n, t] = layout === 'batch first' ? [dims[0]!, dims[1]!] : [dims[1]!, dims[0]!];
  const first: Axis[] = layout === 'batch first' ? [['batch'], ['ticks']] : [['ticks'], ['batch']];
  const size = (length: number | null, open: 'N' | 'T'): Dim => (length === null ? { times: 1, open } : fixed(length));
  return {
    axes: dims.length === 2 ? first : [...first, ['features'] as Axis],
    batch: size(n, 'N'),
    ticks: size(t, 'T'),
    features,
    window: t,
    wholes,
  };
}

/** What is known of every value. What is not understood spoils only what is computed from it. */
function evaluate(
  { nodes, tensors, inputs }: Onnx,
  context: Context,
  given: (name: string) => Known,
): Map<string, Known> {
  const values = new Map<string, Known>();
  for (const { name } of inputs) values.set(name, given(name));
  for (const [name, tensor] of tensors) values.set(name, context.hold(tensor));
  for (const node of nodes) {
    const results = outputsOf(node, context, values);
    node.outputs.forEach((name, i) => {
      values.set(
        name,
        results[i] ?? { kind: 'foreign', reason: `output ${name} of node ${node.name} is not understood` },
      );
    });
  }
  return values;
}

function outputsOf(node: Node, context: Context, values: ReadonlyMap<string, Known>): Known[] {
  const inputs = node.inputs.map((name) => (name === '' ? null : values.get(name)!));
  const foreign = inputs.filter((value) => value?.kind === 'foreign');
  const all = (value: Foreign): Known[] => node.outputs.map(() => value);
  const call = new Call(node, context, inputs);
  const operator = isStandard(node.domain) ? findOperator(node.op) : null;
  const before = foreign.find(({ unlisted }) => unlisted || operator);
  if (before) return all(before);
  try {
    return operator ? operator(call) : call.refuse(isStandard(node.domain) ? '' : `of the domain ${node.domain}`);
  } catch (error) {
    if (!(error instanceof NotNative)) throw error;
    return all({ kind: 'foreign', reason: error.message, unlisted: !operator });
  }
}

/** The first output that is computed from the input and is no state; a state where there is nothing else. */
function chooseOutput(outputs: readonly Known[]): Data {
  const computed = outputs.filter((value) => value.kind === 'data' || value.kind === 'foreign');
  const [first] = [...computed.filter((value) => value.kind === 'foreign' || !value.state), ...computed];
  if (first?.kind === 'data') return first;
  throw new NotNative(first?.reason ?? 'none of its outputs is computed from its input');
}

function finish({ parts: [part] }: Data, builder: SpecBuilder, name: string): ModelSpec {
  if (part!.value.layer === null) throw new NotNative('its output is its input');
  // a model that takes one tick at a time runs on a stream, unless its file says how long a window is
  const spec = builder.finish(part!.value, { format: 'onnx', name, mode: 'windowed' });
  return builder.window === null && whyWindowed(spec) === null ? { ...spec, mode: 'stateful' } : spec;
}

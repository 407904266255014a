import { flag, oneOf, whole } from '../formats/fields.ts';
import { type Shape, showShape } from '../shape.ts';
import type { AdditiveAttentionSpec, AttentionSpec, MultiHeadAttentionSpec } from '../spec.ts';
import { manyHeadsTape, oneHeadTape, type Scoring } from './attentionTape.ts';
import { denseProduct } from './dense.ts';
import {
  allocSequence,
  floats,
  type LayerContext,
  type LayerKind,
  layout,
  type Refuse,
  type Sequence,
  store,
  tickOf,
  type WindowLayer,
} from './layer.ts';
import { sequence } from './shapes.ts';
import type { Pack } from './taped.ts';

const REASON = 'attends to the whole window';

/** query, value and key (the value, where there is none). */
function attended(inputs: readonly Shape[], refuse: Refuse): (readonly [number, number])[] {
  if (inputs.length !== 2 && inputs.length !== 3)
    refuse('inputs', `${inputs.length} of them`, 'query, value and maybe key');
  const [query, value, key] = inputs.map((shape) => sequence(shape, refuse));
  if (key && key[0] !== value![0])
    refuse('inputs', showShape(key), `a key of as many ticks as the value ${showShape(value!)}`);
  return [query!, value!, key ?? value!];
}

export const attention: LayerKind<AttentionSpec> = {
  kind: 'attention',
  summary: 'Attention, dot product or concat, with a scale or without',
  fields: { score: oneOf(['dot', 'concat']), causal: flag },
  tensorNames: ['scale?', 'weight?'],
  tensors: ({ scale, weight }) => ({ ...(scale ? { scale: [1] } : {}), ...(weight ? { weight: [1] } : {}) }),
  shapes(_, inputs, refuse) {
    const [query, value, key] = attended(inputs, refuse);
    if (query![1] !== key![1]) refuse('inputs', showShape(query!), `a query as wide as the key ${showShape(key!)}`);
    return [[query![0], value![1]]];
  },
  needsWindow: () => REASON,
  stateful: false,
  window: (spec, context) => oneHead(context, scoring(spec, context), spec.causal),
  tape: (spec, context) => oneHeadTape(context, scoring(spec, context), spec.causal),
};

/** How its scores are made, of a scale and a weight that may be learnt. */
function scoring({ score, scale, weight }: AttentionSpec, { arena, inputs, T, weights }: LayerContext): Scoring {
  const [, D] = layout(inputs[0]!, T);
  const wide: Pack<{ weight: Float32Array }> = (t) => new Float32Array(D).fill(t.weight[0]!);
  const scaleAt = scale ? weights.place({ scale }, (t) => t.scale) : 0;
  const ones = (): number => store(arena, new Float32Array(D).fill(1));
  return {
    scale: () => (scaleAt ? floats(arena, scaleAt, 1)[0]! : 1),
    vector: score === 'dot' ? 0 : weight ? weights.place({ weight }, wide) : ones(),
    dScale: scale ? weights.gradient({ scale }, (t) => t.scale) : 0,
    dVector: score !== 'dot' && weight ? weights.gradient({ weight }, wide) : 0,
  };
}

export const additiveAttention: LayerKind<AdditiveAttentionSpec> = {
  kind: 'additive-attention',
  summary: 'AdditiveAttention (Bahdanau), with a scale or without',
  fields: { causal: flag },
  tensorNames: ['scale?'],
  tensors: ({ scale }): Record<string, Shape> => (scale ? { scale: [scale.length] } : {}),
  shapes(spec, inputs, refuse) {
    const [query, value, key] = attended(inputs, refuse);
    if (query![1] !== key![1]) refuse('inputs', showShape(query!), `a query as wide as the key ${showShape(key!)}`);
    if (spec.scale && spec.scale.length !== query![1]) refuse('scale', `${spec.scale.length} values`, `${query![1]}`);
    return [[query![0], value![1]]];
  },
  needsWindow: () => REASON,
  stateful: false,
  window: (spec, context) => oneHead(context, additive(spec, context), spec.causal),
  tape: (spec, context) => oneHeadTape(context, additive(spec, context), spec.causal),
};

function additive({ scale }: AdditiveAttentionSpec, { arena, inputs, T, weights }: LayerContext): Scoring {
  const [, D] = layout(inputs[0]!, T);
  return {
    scale: () => 1,
    vector: scale ? weights.place({ scale }, (t) => t.scale) : store(arena, new Float32Array(D).fill(1)),
    dScale: 0,
    dVector: scale ? weights.gradient({ scale }, (t) => t.scale) : 0,
  };
}

export const multiHeadAttention: LayerKind<MultiHeadAttentionSpec> = {
  kind: 'multi-head-attention',
  summary: 'MultiHeadAttention',
  fields: Object.fromEntries([
    ...['heads', 'keyWidth', 'valueWidth', 'units', 'keyInputs', 'valueInputs'].map((name) => [name, whole(1)]),
    ['causal', flag],
  ]),
  tensorNames: ['query', 'queryBias', 'key', 'keyBias', 'value', 'valueBias', 'output', 'outputBias'],
  tensors: ({ inputs, heads, keyWidth, valueWidth, units, keyInputs, valueInputs }) => ({
    query: [inputs, heads * keyWidth],
    queryBias: [heads * keyWidth],
    key: [keyInputs, heads * keyWidth],
    keyBias: [heads * keyWidth],
    value: [valueInputs, heads * valueWidth],
    valueBias: [heads * valueWidth],
    output: [heads * valueWidth, units],
    outputBias: [units],
  }),
  shapes({ units, keyInputs, valueInputs }, inputs, refuse) {
    const [query, value, key] = attended(inputs, refuse);
    if (value![1] !== valueInputs) refuse('valueInputs', valueInputs, `${value![1]}, the width of the value`);
    if (key![1] !== keyInputs) refuse('keyInputs', keyInputs, `${key![1]}, the width of the key`);
    return [[query![0], units]];
  },
  needsWindow: () => REASON,
  stateful: false,
  window: manyHeads,
  tape: manyHeadsTape,
};

/** Room for one head's work: scores of one query, and the weights of branch 0. */
function headOf(
  { arena }: LayerContext,
  Q: number,
  T: number,
): { scores: number; weights: number; shown(): Float32Array } {
  const scores = arena.alloc(8 * T);
  const weights = arena.alloc(4 * Q * T);
  return { scores, weights, shown: () => floats(arena, weights + 4 * (Q - 1) * T, T).slice() };
}

/** Attention of Keras' plain layers: query, value and key as they come. */
function oneHead(context: LayerContext, { scale, vector }: Scoring, causal: boolean): WindowLayer {
  const { arena, inputs, outputs, T } = context;
  const out = allocSequence(context, outputs[0]!);
  const [Q, D] = layout(inputs[0]!, T);
  const [length] = layout(inputs[1]!, T);
  const head = headOf(context, Q, length);
  return {
    output: () => out,
    run([q, v, key], { slots, n }) {
      const k = key ?? v!;
      arena.attend(
        ...[out.at, out.stride, out.tick, q!.at, q!.stride, q!.tick, Q],
        ...[k.at, k.stride, k.tick, v!.at, v!.stride, v!.tick, length, D, out.width, scale(), vector],
        ...[0, 0, 0, 0, v!.mask, v!.maskStride, causal, head.scores, head.weights, slots, n],
      );
      passMask(q!, out);
      // a masked query attends like any other, and its row is zeros
      for (let t = 0; q!.mask && t < Q; t++) {
        const { at, stride, mask, maskStride } = tickOf(out, t);
        arena.zeroMasked(at, stride, mask, maskStride, slots, n, out.width);
      }
    },
    attention: () => [head.shown()],
  };
}

function manyHeads(spec: MultiHeadAttentionSpec, context: LayerContext): WindowLayer {
  const { heads, keyWidth: D, valueWidth: E, units, keyInputs, valueInputs, causal } = spec;
  const { arena, inputs, outputs, T } = context;
  const [Q] = layout(inputs[0]!, T);
  const [length] = layout(inputs[1]!, T);
  const projection = (kernel: Float32Array, bias: Float32Array, I: number, O: number, ticks: number): Projection => ({
    ...denseProduct({ kernel, bias, inputs: I, units: O }, context),
    I,
    out: allocSequence(context, [ticks, O]),
  });
  const query = projection(spec.query, spec.queryBias, spec.inputs, heads * D, Q);
  const key = projection(spec.key, spec.keyBias, keyInputs, heads * D, length);
  const value = projection(spec.value, spec.valueBias, valueInputs, heads * E, length);
  const joined = allocSequence(context, [Q, heads * E]);
  const result = {
    ...projection(spec.output, spec.outputBias, heads * E, units, Q),
    out: allocSequence(context, outputs[0]!),
  };
  const works = Array.from({ length: heads }, () => headOf(context, Q, length));
  const scale = 1 / Math.sqrt(D);
  const project = ({ weights, bias, I, out }: Projection, x: Sequence, slots: number, n: number): void => {
    for (let t = 0; t < out.length; t++) {
      const [to, from] = [tickOf(out, t), tickOf(x, t)];
      arena.denseStep(to.at, to.stride, from.at, from.stride, slots, n, weights, bias, I, out.width);
    }
  };
  return {
    output: () => result.out,
    run([q, v, k], { slots, n }) {
      project(query, q!, slots, n);
      project(key, k ?? v!, slots, n);
      project(value, v!, slots, n);
      for (const [h, { scores, weights }] of works.entries()) {
        const [a, b, c] = [query.out, key.out, value.out];
        arena.attend(
          ...[joined.at + 4 * h * E, joined.stride, joined.tick, a.at + 4 * h * D, a.stride, a.tick, Q],
          ...[b.at + 4 * h * D, b.stride, b.tick, c.at + 4 * h * E, c.stride, c.tick, length, D, E, scale, 0],
          ...[q!.mask, q!.maskStride, k?.mask ?? 0, k?.maskStride ?? 0, v!.mask, v!.maskStride],
          ...[causal, scores, weights, slots, n],
        );
      }
      project(result, joined, slots, n);
      passMask(q!, result.out);
    },
    attention: () => works.map(({ shown }) => shown()),
  };
}

/** What attends is masked where its query is. */
function passMask(query: Sequence, out: Sequence): void {
  out.mask = query.mask;
  out.maskStride = query.maskStride;
}

/** A product with its weights, and where its rows go. */
interface Projection {
  weights: number;
  bias: number;
  I: number;
  out: Sequence;
}

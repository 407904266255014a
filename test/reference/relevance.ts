/** Relevance by its definition: every message from every unit to every other, on the figures of the reference in float64. */
import { TICKS } from '../../src/model/shape.ts';
import type { GruSpec, LayerSpec, LstmSpec, ModelSpec, RnnSpec } from '../../src/model/spec.ts';
import { wire } from '../../src/model/wiring.ts';
import { reference } from './forward.ts';
import { flat, type Rows, type Step } from './values.ts';

/** Relevance of the rows of one value. */
type R = Float64Array[];

/**
 * @param ticks T rows of F values, oldest first
 * @returns relevance of each of them, from the target's output on
 */
export function relevance(spec: ModelSpec, ticks: ArrayLike<number>[], target: number, epsilon: number): R {
  const wired = wire(spec, spec.name);
  const run = reference(spec).run(ticks);
  const input: Rows = { rows: ticks.map((x) => Float64Array.from(x)), mask: null };
  const given = (layer: string | null, output: number): Rows =>
    layer === null ? input : run.values.get(layer)![output]!;
  const zeros = ({ rows }: Rows): R => rows.map((row) => new Float64Array(row.length));
  const all = new Map<string | null, R[]>([[null, [zeros(input)]]]);
  for (const [name, outputs] of run.values) all.set(name, outputs.map(zeros));

  const last = wired.at(-1)!;
  const seed = all.get(last.layer.name)![0]!;
  const rows = last.outputs[0]![0] === TICKS ? seed.slice(-1) : seed;
  rows[Math.floor(target / rows[0]!.length)]![target % rows[0]!.length] = run.output[target]!;

  for (const { layer, from } of wired.toReversed()) {
    const inputs = from.map((source) => given(source.layer, source.output));
    const into = from.map((source) => all.get(source.layer)![source.output]!);
    const steps = run.internals.find(({ name }) => name === layer.name)?.steps;
    back(layer, inputs, all.get(layer.name)!, into, epsilon, steps);
  }
  return all.get(null)![0]!;
}

/** Arras' rule for what is linear: of unit j's relevance unit i is given what it sends there. weight (i, j). */
function linear(
  from: ArrayLike<number>,
  weight: (i: number, j: number) => number,
  to: ArrayLike<number>,
  Rto: ArrayLike<number>,
  epsilon: number,
): Float64Array {
  return Float64Array.from(from, (value, i) => {
    let sum = 0;
    for (let j = 0; j < to.length; j++) {
      const message = (weight(i, j) * value) / (to[j]! + epsilon * (to[j]! >= 0 ? 1 : -1));
      sum += message * Rto[j]!;
    }
    return sum;
  });
}

const identity = (i: number, j: number): number => (i === j ? 1 : 0);

function add(to: Float64Array, values: ArrayLike<number>): void {
  for (let i = 0; i < to.length; i++) to[i]! += values[i]!;
}

function back(layer: LayerSpec, inputs: Rows[], outs: R[], into: R[], epsilon: number, steps?: Step[]): void {
  const [x] = inputs as [Rows];
  const [out] = outs as [R];
  switch (layer.kind) {
    case 'lstm':
    case 'gru':
    case 'rnn':
      throughTime(layer, x, outs, into[0]!, epsilon, steps!);
      return;
    case 'dense':
      for (const [t, row] of x.rows.entries()) {
        const w = (k: number, o: number) => layer.kernel[k * layer.units + o]!;
        add(into[0]![t]!, linear(row, w, affine(row, w, layer.bias), out[t]!, epsilon));
      }
      return;
    case 'merge':
      for (const [t] of x.rows.entries()) {
        const factor = (i: number): number =>
          layer.operation === 'average' ? 1 / inputs.length : layer.operation === 'subtract' && i === 1 ? -1 : 1;
        const z = out[t]!.map((_, k) => inputs.reduce((sum, { rows }, i) => sum + factor(i) * rows[t]![k]!, 0));
        for (const [i, { rows }] of inputs.entries())
          add(
            into[i]![t]!,
            linear(rows[t]!, (a, b) => factor(i) * identity(a, b), z, out[t]!, epsilon),
          );
      }
      return;
    case 'concatenate':
      for (const [t] of x.rows.entries()) {
        let from = 0;
        for (const [i, { rows }] of inputs.entries()) {
          const width = rows[t]!.length;
          add(into[i]![t]!, out[t]!.subarray(from, from + width));
          from += width;
        }
      }
      return;
    case 'last':
      add(into[0]!.at(-1)!, out[0]!);
      return;
    case 'repeat':
      for (const row of out) add(into[0]![0]!, row);
      return;
    case 'masking':
      for (const [t, row] of x.rows.entries()) if (row.some((v) => v !== layer.value)) add(into[0]![t]!, out[t]!);
      return;
    default: {
      // all others here give value after value what comes in, in other rows perhaps
      const values = flat(out);
      let from = 0;
      for (const row of into[0]!) add(row, values.subarray(from, (from += row.length)));
    }
  }
}

function affine(row: ArrayLike<number>, w: (k: number, o: number) => number, bias: ArrayLike<number>): Float64Array {
  return Float64Array.from(bias, (b, o) => Array.from(row).reduce((sum, v, k) => sum + v * w(k, o), b));
}

function throughTime(
  layer: LstmSpec | GruSpec | RnnSpec,
  x: Rows,
  [all, lastH, lastC]: R[],
  into: R,
  epsilon: number,
  steps: Step[],
): void {
  const H = layer.units;
  const order = [...steps.keys()];
  if (layer.backwards) order.reverse();
  const Rh = Float64Array.from(lastH![0]!);
  const Rc = lastC ? Float64Array.from(lastC[0]!) : new Float64Array(H);
  if (!layer.sequences) add(Rh, all![0]!);
  for (const [k, t] of [...order.entries()].reverse()) {
    const seen = !x.mask || x.mask[t]!;
    if (layer.sequences && (seen || !layer.zeroMasked)) add(Rh, all![t]!);
    if (!seen) continue;
    const now = steps[t]!;
    const before = k > 0 ? steps[order[k - 1]!]! : null;
    const h = before?.h ?? new Float64Array(now.h.length);
    const both = Float64Array.from([...x.rows[t]!, ...h]);
    const I = x.rows[t]!.length;
    // what x and h send to the candidate's unit u: its column of both matrices
    const G = { lstm: 4, gru: 3, rnn: 1 }[layer.kind];
    const g = { lstm: 2, gru: 2, rnn: 0 }[layer.kind];
    const reset = (u: number): number => (layer.kind === 'gru' && layer.resetAfter ? now.r![u]! : 1);
    const dose = (i: number): number => (layer.kind === 'gru' && !layer.resetAfter ? now.r![i]! : 1);
    const w = (i: number, u: number): number =>
      i < I ? layer.kernel[(i * G + g) * H + u]! : layer.recurrent[((i - I) * G + g) * H + u]! * reset(u) * dose(i - I);
    const bias = Float64Array.from({ length: H }, (_, u) => {
      const own = layer.bias[g * H + u]!;
      return layer.kind === 'gru' && layer.resetAfter ? own + now.r![u]! * layer.bias[5 * H + u]! : own;
    });
    const sum = affine(both, w, bias);
    let Rg: Float64Array = Rh;
    let direct: Float64Array = new Float64Array(h.length);
    if (layer.kind === 'lstm') {
      const { projection, activation = 'tanh' } = layer;
      if (projection) {
        if (activation !== 'tanh') throw new Error('only tanh below a projection');
        const raw = now.c!.map((v, u) => now.o![u]! * Math.tanh(v));
        add(
          Rc,
          linear(raw, (u, p) => projection[u * now.h.length + p]!, now.h, Rh, epsilon),
        );
      } else add(Rc, Rh);
      const c = before?.c ?? new Float64Array(H);
      Rg = linear(
        now.i!.map((v, u) => v * now.g![u]!),
        identity,
        now.c!,
        Rc,
        epsilon,
      );
      Rc.set(
        linear(
          now.f!.map((v, u) => v * c[u]!),
          identity,
          now.c!,
          Rc,
          epsilon,
        ),
      );
    }
    if (layer.kind === 'gru') {
      direct = linear(
        now.z!.map((v, u) => v * h[u]!),
        identity,
        now.h,
        Rh,
        epsilon,
      );
      Rg = linear(
        now.z!.map((v, u) => (1 - v) * now.n![u]!),
        identity,
        now.h,
        Rh,
        epsilon,
      );
    }
    const down = linear(both, w, sum, Rg, epsilon);
    add(into[t]!, down.subarray(0, I));
    Rh.set(down.subarray(I));
    add(Rh, direct);
  }
}

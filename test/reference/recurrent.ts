import type { GruSpec, LstmSpec, RnnSpec } from '../../src/model/spec.ts';
import { activate } from './activations.ts';
import { type Memory, plus, product, type Result, type Rows, type Step, times } from './values.ts';

export function lstm(layer: LstmSpec, [x]: Rows[], memory: Memory): Result {
  const { units: H, kernel, recurrent, bias, projection } = layer;
  const P = recurrent.length / (4 * H);
  const gate = layer.recurrentActivation ?? 'sigmoid';
  const act = layer.activation ?? 'tanh';
  return unroll(layer, x!, memory, { h: new Float64Array(P), c: new Float64Array(H) }, (x_t, state) => {
    const z = plus(plus(product(x_t, kernel, 4 * H), product(state.h, recurrent, 4 * H)), bias);
    const i = activate(gate, z.slice(0, H));
    const f = activate(gate, z.slice(H, 2 * H));
    const g = activate(act, z.slice(2 * H, 3 * H));
    const o = activate(gate, z.slice(3 * H));
    const c = plus(times(f, state.c!), times(i, g));
    const h = times(o, activate(act, c));
    return { h: projection ? product(h, projection, P) : h, c, i, f, g, o };
  });
}

export function gru(layer: GruSpec, [x]: Rows[], memory: Memory): Result {
  const { units: H, kernel, recurrent, bias, resetAfter } = layer;
  const gate = layer.recurrentActivation ?? 'sigmoid';
  const act = layer.activation ?? 'tanh';
  return unroll(layer, x!, memory, { h: new Float64Array(H) }, (x_t, state) => {
    const a = plus(product(x_t, kernel, 3 * H), bias.subarray(0, 3 * H));
    // of the recurrent product the parts of z, r and n
    const part = (h: Float64Array, k: number) => {
      const y = product(h, recurrent, H, k * H, 3 * H);
      return resetAfter ? plus(y, bias.subarray((3 + k) * H, (4 + k) * H)) : y;
    };
    const z = activate(gate, plus(a.slice(0, H), part(state.h, 0)));
    const r = activate(gate, plus(a.slice(H, 2 * H), part(state.h, 1)));
    const reset = resetAfter ? times(r, part(state.h, 2)) : part(times(r, state.h), 2);
    const n = activate(act, plus(a.slice(2 * H), reset));
    return { h: n.map((v, k) => z[k]! * state.h[k]! + (1 - z[k]!) * v), z, r, n };
  });
}

export function rnn(layer: RnnSpec, [x]: Rows[], memory: Memory): Result {
  const { units: H, kernel, recurrent, bias, activation = 'tanh' } = layer;
  return unroll(layer, x!, memory, { h: new Float64Array(H) }, (x_t, { h }) => ({
    h: activate(activation, plus(plus(product(x_t, kernel, H), product(h, recurrent, H)), bias)),
  }));
}

/** Tick after tick from the state that is remembered, at first zeros. */
function unroll(
  { name, sequences, backwards, zeroMasked }: LstmSpec | GruSpec | RnnSpec,
  { rows, mask }: Rows,
  { states }: Memory,
  zero: Step,
  cell: (x: Float64Array, state: Step) => Step,
): Result {
  const steps = new Array<Step>(rows.length);
  const order = [...rows.keys()];
  if (backwards) order.reverse();
  let state = states.get(name) ?? zero;
  for (const t of order) {
    const next = cell(rows[t]!, state);
    // a masked tick is passed over: its gates can be seen, h and c stay as they were
    if (mask && !mask[t]) Object.assign(next, { h: state.h, ...(state.c ? { c: state.c } : {}) });
    steps[t] = state = next;
  }
  states.set(name, state);
  const last = { rows: [state.h], mask: null };
  const shown = ({ h }: Step, t: number) => (zeroMasked && mask && !mask[t] ? h.map(() => 0) : h);
  const first = sequences ? { rows: steps.map(shown), mask } : last;
  return { outputs: [first, last, ...(state.c ? [{ rows: [state.c], mask: null }] : [])], steps };
}

/** LSTM of B branches (`assembly/layers/lstm.ts`): packs Keras' weights, owns h and c, steps. */
import type { LstmSpec } from '../spec.ts';
import { type Batch, floats, type Layer, type LayerContext, pad, type Rows, type State, store } from './layer.ts';

export function lstm(spec: LstmSpec, { arena, B, R, onInputs }: LayerContext): Layer {
  const { inputs: I, units: H } = spec;
  const stride = pad(H);
  const weights = store(arena, packKernel(spec));
  const bias = store(arena, packGates(spec.bias, 1, H));
  const c: State = { at: arena.alloc(4 * B * stride), stride, units: H };
  // two places for h, which change roles at every step: while blocks of the new one are written, the old one is still read
  let h: State = { at: arena.alloc(4 * B * stride), stride, units: H };
  let hBefore: State = { at: arena.alloc(4 * B * stride), stride, units: H };
  const states = [h, c];
  const gates = arena.alloc(4 * 4 * stride);
  // where each branch's sums start: the input's share for a first layer, the bias alone for a deeper one
  const z = onInputs ? arena.alloc(4 * 4 * stride * R) : bias;
  const zRow = onInputs ? 0 : arena.alloc(4 * B);
  const recurrentWeights = onInputs ? weights + 64 * I : weights;
  const branchInputs = onInputs ? 0 : I;
  let x: Rows = { at: 0, stride: 0 };

  return {
    kind: 'lstm',
    name: spec.name,
    units: H,
    recurrent: true,
    output: () => h,
    step(rows: Rows, batch: Batch) {
      x = rows;
      const before = h;
      h = hBefore;
      hBefore = before;
      states[0] = h;
      if (onInputs) arena.lstmInput(z, x.at, x.stride, weights, bias, batch.R, I, H);
      arena.lstmStep(
        h.at,
        hBefore.at,
        c.at,
        batch.slots,
        batch.n,
        z,
        onInputs ? batch.inputRow : zRow,
        x.at,
        x.stride,
        branchInputs,
        recurrentWeights,
        I + H,
        H,
      );
    },
    states: () => states,
    reset() {
      for (const { at } of [h, hBefore, c]) floats(arena, at, B * stride).fill(0);
    },
    internals() {
      arena.lstmGates(gates, z, x.at, branchInputs, hBefore.at, recurrentWeights, I + H, H);
      const row = (at: number): Float32Array => floats(arena, at, H).slice();
      return {
        hidden: row(h.at),
        cell: row(c.at),
        i: row(gates),
        f: row(gates + 4 * stride),
        g: row(gates + 8 * stride),
        o: row(gates + 12 * stride),
      };
    },
  };
}

/** (I, 4H) and (H, 4H) with gates side by side, to blocks (pad(H)/4, I + H, 16): see the kernel. */
function packKernel({ kernel, recurrent, inputs: I, units: H }: LstmSpec): Float32Array {
  const blocks = pad(H) / 4;
  const packed = new Float32Array(blocks * (I + H) * 16);
  const x = packGates(kernel, I, H);
  const h = packGates(recurrent, H, H);
  for (let j = 0; j < blocks; j++) {
    for (let k = 0; k < I + H; k++) {
      const from = k < I ? x.subarray((k * blocks + j) * 16) : h.subarray(((k - I) * blocks + j) * 16);
      packed.set(from.subarray(0, 16), (j * (I + H) + k) * 16);
    }
  }
  return packed;
}

/** Rows of 4H, a gate after the other, to rows of blocks [i4 f4 g4 o4]; padded units are zero. */
function packGates(values: Float32Array, rows: number, H: number): Float32Array {
  const blocks = pad(H) / 4;
  const packed = new Float32Array(rows * blocks * 16);
  for (let r = 0; r < rows; r++) {
    for (let gate = 0; gate < 4; gate++) {
      for (let unit = 0; unit < H; unit++) {
        packed[(r * blocks + (unit >> 2)) * 16 + gate * 4 + (unit & 3)] = values[(r * 4 + gate) * H + unit]!;
      }
    }
  }
  return packed;
}

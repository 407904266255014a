/** Recurrent layers on a tape: sums of gates by `product`, what every tick held, and back through time. */
import { activationIndex } from '../activations.ts';
import type { GruSpec, LstmSpec, RnnSpec } from '../spec.ts';
import { floats, pad, type Sequence, tickOf } from './layer.ts';
import {
  allocOuter,
  type Pack,
  packColumns,
  type TapeContext,
  type Taped,
  type TapeLayer,
  type Tensors,
  taken,
} from './taped.ts';

export const SIGMOID = activationIndex('sigmoid');
export const TANH = activationIndex('tanh');

/** Pointers of one tick: rows of B branches side by side, of which `slots` names n. */
export interface CellTick {
  slots: number;
  n: number;
  /** Sums (C) of the gates, and what the cell makes of them (C). */
  sums: number;
  gates: number;
  /** h (pad(P)) and c (pad(H)) after and before it. */
  h: number;
  before: number;
  c: number;
  cBefore: number;
  /** What a projection makes h of (pad(H)). */
  raw: number;
  /** Gradients of the sums, of h and of c. */
  dz: number;
  dh: number;
  dc: number;
}

/** How one kind of cell keeps a step and takes it back. */
export interface TapeCell<S extends Tensors = Tensors> {
  /** P, the width of h; H where it has a cell state beside it, else 0; C. */
  width: number;
  cellWidth: number;
  columns: number;
  /** Whether h is a projection. */
  projected: boolean;
  /** What multiplies x (rows 0 .. I - 1) and h (from row I on) to sums, and what they start at (C), together. */
  tensors: S;
  weight(tensors: S, row: number, column: number): number;
  biases: Pack<S>[];
  /** Whether `sums` must stay beside `gates`: slopes that the gates themselves do not tell. */
  keepsSums: boolean;
  /** From sums to gates, h and c. */
  keep(tick: CellTick): void;
  /** From dh and dc to dz and the dc before; in dh it leaves what does not pass through the sums, where `holds` says so. */
  back(tick: CellTick): void;
  holds: boolean;
}

/** Works as `recurrentLayer` run over the window does, to the bit. */
export function recurrentTape<S extends Tensors>(
  { sequences, backwards, zeroMasked }: LstmSpec | GruSpec | RnnSpec,
  context: TapeContext,
  { width: P, cellWidth: H, columns: C, projected, tensors, weight, biases, keepsSums, keep, back, holds }: TapeCell<S>,
): TapeLayer {
  const { arena, B, from, slots, weights: all } = context;
  const [{ value: x, gradient: dx, constant }] = from as [Taped];
  const [length, I] = taken(context);
  const [hStride, cStride] = [pad(P), pad(H)];
  const packed: Pack<S> = (t) => packColumns(I + P, C, (k, column) => weight(t, k, column));
  const weights = all.place(tensors, packed);
  const weightsOfH = all.place(tensors, (t) => packColumns(C, P, (column, k) => weight(t, I + k, column)));
  const weightsOfX = all.place(tensors, (t) => packColumns(C, I, (column, k) => weight(t, k, column)));
  const start = all.place(tensors, ...biases);
  const dWeights = all.gradient(tensors, packed);
  const dStart = all.gradient(tensors, ...biases);
  const work = dWeights && allocOuter(context, I + P);
  const zeros = arena.alloc(4 * Math.max(hStride, C));
  /** Ticks (length + 1, B, stride) with the state before the first of them in its place: first, or last where it runs backwards. */
  const states = (stride: number): Sequence => {
    const at = arena.alloc(4 * (length + 1) * B * stride);
    return { at, stride, tick: B * stride, length: length + 1, width: stride, mask: 0, maskStride: 0 };
  };
  const [h, c] = [states(hStride), states(cStride)];
  const perTick = 4 * B * C;
  const gates = arena.alloc(length * perTick);
  const sums = keepsSums ? arena.alloc(length * perTick) : gates;
  const raw = projected ? arena.alloc(4 * length * B * cStride) : 0;
  const [dz, dh, dc] = [arena.alloc(perTick), arena.alloc(4 * B * hStride), arena.alloc(4 * B * cStride)];
  const [order, mask, unused] = [arena.alloc(4 * B), arena.alloc(4 * B), arena.alloc(4 * B)];

  // a tick's state stands behind that of the tick it came from: after it, or before it where the layer runs backwards
  const after = (t: number): number => (backwards ? t : t + 1);
  const before = (t: number): number => (backwards ? t + 1 : t);
  const ran = Array.from({ length }, (_, k) => (backwards ? length - 1 - k : k));
  const [first, last] = [before(ran[0]!), after(ran.at(-1)!)];
  const part = (values: Sequence, from: number, ticks: number, units: number): Sequence => ({
    ...values,
    at: values.at + 4 * from * values.tick,
    length: ticks,
    width: units,
  });
  const room = (like: Sequence, ticks: number, units: number): Sequence =>
    part({ ...like, at: arena.alloc(4 * ticks * like.tick) }, 0, ticks, units);
  const final = (values: Sequence, units: number): Taped => ({
    value: part(values, last, 1, units),
    gradient: room(values, 1, units),
  });
  const [lastH, lastC] = [final(h, P), final(c, H)];
  const shown = zeroMasked ? room(h, length, P) : part(h, after(0), length, P);
  const output: Taped = sequences ? { value: shown, gradient: room(h, length, P) } : lastH;

  const tick: CellTick = { slots, n: 0, sums: 0, gates: 0, h: 0, before: 0, c: 0, cBefore: 0, raw, dz, dh, dc };
  /** Where tick t stands, and which of the first n branches see it: they come first in the list. */
  const go = (t: number, n: number): void => {
    tick.sums = sums + t * perTick;
    tick.gates = gates + t * perTick;
    tick.raw = raw && raw + 4 * t * c.tick;
    tick.h = h.at + 4 * after(t) * h.tick;
    tick.before = h.at + 4 * before(t) * h.tick;
    tick.c = c.at + 4 * after(t) * c.tick;
    tick.cBefore = c.at + 4 * before(t) * c.tick;
    const masked = x.mask !== 0;
    tick.slots = masked ? order : slots;
    tick.n = masked ? arena.part(order, unused, mask, slots, slots, slots, n, x.mask + 4 * t, x.maskStride) : n;
  };

  return {
    outputs: H > 0 ? [output, lastH, lastC] : [output, lastH],
    steps: {
      ran,
      at(t) {
        go(t, 0);
        return tick;
      },
    },
    begin([h0, c0]) {
      for (let b = 0; b < B; b++) {
        floats(arena, h.at + 4 * (first * h.tick + b * hStride), P).set(h0!.subarray(0, P));
        if (c0) floats(arena, c.at + 4 * (first * c.tick + b * cStride), H).set(c0.subarray(0, H));
      }
    },
    reset() {
      for (const { at, tick: each } of [h, c]) floats(arena, at + 4 * first * each, each).fill(0);
    },
    carry() {
      arena.copyRows(h.at + 4 * first * h.tick, hStride, h.at + 4 * last * h.tick, hStride, slots, slots, B, hStride);
      arena.copyRows(c.at + 4 * first * c.tick, cStride, c.at + 4 * last * c.tick, cStride, slots, slots, B, cStride);
    },
    forward(n) {
      output.value.mask = sequences ? x.mask : 0;
      output.value.maskStride = x.maskStride;
      for (const t of ran) {
        go(t, n);
        const { at, stride } = tickOf(x, t);
        arena.product(tick.sums, C, start, 0, at, stride, I, tick.before, hStride, P, tick.slots, tick.n, weights, C);
        keep(tick);
        const held = tick.slots + 4 * tick.n;
        arena.copyRows(tick.h, hStride, tick.before, hStride, held, held, n - tick.n, hStride);
        arena.copyRows(tick.c, cStride, tick.cBefore, cStride, held, held, n - tick.n, cStride);
        if (!zeroMasked || !sequences) continue;
        const row = tickOf(shown, t);
        arena.copyRows(row.at, hStride, tick.h, hStride, slots, slots, n, hStride);
        arena.copyRows(row.at, hStride, zeros, 0, held, held, n - tick.n, hStride);
      }
    },
    backward(n) {
      arena.copyRows(dh, hStride, lastH.gradient.at, hStride, slots, slots, n, hStride);
      arena.copyRows(dc, cStride, lastC.gradient.at, cStride, slots, slots, n, cStride);
      for (const t of ran.toReversed()) {
        go(t, n);
        if (sequences) {
          const dy = tickOf(output.gradient, t);
          // zeros in the place of a tick that is not seen come from no state
          const [rows, count] = zeroMasked ? [tick.slots, tick.n] : [slots, n];
          arena.combine(0, dh, hStride, dy.at, dy.stride, rows, count, P);
        }
        back(tick);
        // of a branch that did not see the tick dh and dc pass by as they are
        const [rows, seen] = [tick.slots, tick.n];
        const [from, stride] = holds ? [dh, hStride] : [zeros, 0];
        arena.product(dh, hStride, from, stride, dz, C, C, 0, 0, 0, rows, seen, weightsOfH, P);
        if (dWeights) {
          const { at, stride } = tickOf(x, t);
          arena.outer(dWeights, dStart, at, stride, I, tick.before, hStride, P, dz, C, rows, seen, C, work);
        }
        if (constant) continue;
        const d = tickOf(dx, t);
        arena.product(d.at, d.stride, d.at, d.stride, dz, C, C, 0, 0, 0, rows, seen, weightsOfX, I);
      }
    },
  };
}

/**
 * Where unit and gate of a column stand in a kernel whose gates lie side by side: columns come in blocks of four units, of
 * each block gate by gate. -1: a padded unit.
 */
export function columnOf(column: number, H: number): { gate: number; unit: number } {
  const unit = (column >> 4) * 4 + (column & 3);
  return { gate: (column >> 2) & 3, unit: unit < H ? unit : -1 };
}

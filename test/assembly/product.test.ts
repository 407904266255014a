import { expect, it } from 'vitest';
import { floats, pad, store } from '../../src/model/layers/layer.ts';
import { packColumns } from '../../src/model/layers/taped.ts';
import { builds, random } from '../kernels.ts';
import { fill } from '../models.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

// tiles of two and four rows, blocks of sixteen and of four columns, and what is left of both
it.each(range(9).flatMap((n) => [1, 4, 7, 16, 20, 33].map((O) => [n, O] as const)))(
  'start + a A + b B, rows %i, columns %i',
  (n, O) => {
    const [B, P, Q] = [11, 5, 3];
    const next = random(100 * n + O);
    const matrix = fill((P + Q) * O, next, 1);
    const [a, b, start] = [fill(B * P, next, 1), fill(B * Q, next, 1), fill(B * pad(O), next, 1)];
    const order = range(B).map((i) => (i * 4 + 3) % B);
    const results = builds.map(({ kernels }) => {
      const arena = kernels.arena();
      const weights = store(
        arena,
        packColumns(P + Q, O, (k, o) => matrix[k * O + o]!),
      );
      const [aAt, bAt, startAt] = [store(arena, a), store(arena, b), store(arena, start)];
      const out = arena.alloc(4 * B * pad(O));
      const slots = arena.alloc(4 * B);
      new Int32Array(arena.memory.buffer, slots, B).set(order);
      arena.product(out, pad(O), startAt, pad(O), aAt, P, P, bAt, Q, Q, slots, n, weights, O);
      const apart = floats(arena, out, B * pad(O)).slice();
      // added to what is there
      arena.product(startAt, pad(O), startAt, pad(O), aAt, P, P, bAt, Q, Q, slots, n, weights, O);
      const inPlace = floats(arena, startAt, B * pad(O));
      for (const s of order.slice(0, n)) {
        const row = [s * pad(O), (s + 1) * pad(O)] as const;
        expect(inPlace.subarray(...row)).toEqual(apart.subarray(...row));
      }
      return apart;
    });
    for (const s of range(B)) {
      const named = order.indexOf(s) < n;
      for (const o of range(O)) {
        let sum = start[s * pad(O) + o]!;
        for (const k of range(P + Q)) sum += (k < P ? a[s * P + k]! : b[s * Q + k - P]!) * matrix[k * O + o]!;
        expect(results[0]![s * pad(O) + o]).toBeCloseTo(named ? sum : 0, 5);
      }
    }
    for (const other of results.slice(1)) expect(other).toEqual(results[0]);
  },
);

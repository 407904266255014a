/** What most kernels begin with: rows of one place made of rows of another. */
export type Rows = [out: number, outStride: number, x: number, xStride: number, slots: number, n: number];

/** How the steps of recurrent layers go on, behind their states (`assembly/layers/lstm.ts`). */
export type RecurrentStep = [
  ...[slots: number, n: number, z: number, zRow: number, x: number, xStride: number, I: number],
  ...[weights: number, rows: number, H: number],
];

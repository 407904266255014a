/** Branches: forks, what they hold, how far they are from the world as observed (`assembly/branches.ts`). */
export interface BranchKernels {
  difference(
    ...args: [effect: number, out: number, stride: number, slots: number, base: number, n: number, target: number]
  ): void;
  fork(state: number, stride: number, from: number, to: number, count: number): void;
  settle(
    ...args: [
      far: number,
      state: number,
      stride: number,
      H: number,
      slots: number,
      base: number,
      n: number,
      eps: number,
    ]
  ): void;
  spread(x: number, stride: number, baseline: number, F: number): void;
  part(
    order: number,
    orderRow: number,
    maskOut: number,
    slots: number,
    zRow: number,
    rows: number,
    n: number,
    mask: number,
    maskStride: number,
  ): number;
  inputShare(
    z: number,
    x: number,
    xStride: number,
    weights: number,
    bias: number,
    R: number,
    I: number,
    rows: number,
    H: number,
    G: number,
    Z: number,
  ): void;
}

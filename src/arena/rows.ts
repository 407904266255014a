/** Rows side by side: copied, combined, masked, laid out anew (`assembly/rows.ts` and others). */
export interface RowKernels {
  copyRows(
    to: number,
    toStride: number,
    from: number,
    fromStride: number,
    slots: number,
    rows: number,
    n: number,
    width: number,
  ): void;
  combine(
    op: number,
    to: number,
    toStride: number,
    x: number,
    xStride: number,
    slots: number,
    n: number,
    W: number,
  ): void;
  combineSeen(
    op: number,
    to: number,
    toStride: number,
    seen: number,
    x: number,
    xStride: number,
    mask: number,
    maskStride: number,
    slots: number,
    n: number,
    W: number,
  ): void;
  divide(x: number, stride: number, divisor: number, slots: number, n: number, W: number): void;
  relayout(
    to: number,
    toStride: number,
    toTick: number,
    toWidth: number,
    from: number,
    fromStride: number,
    fromTick: number,
    fromWidth: number,
    count: number,
    slots: number,
    n: number,
  ): void;
  clearMask(mask: number, slots: number, n: number): void;
  eitherMask(to: number, a: number, aStride: number, b: number, bStride: number, slots: number, n: number): void;
  maskEqual(
    out: number,
    outStride: number,
    mask: number,
    x: number,
    xStride: number,
    slots: number,
    n: number,
    F: number,
    value: number,
  ): void;
  zeroMasked(x: number, stride: number, mask: number, maskStride: number, slots: number, n: number, W: number): void;
  gather(to: number, from: number, places: number, n: number, add: boolean): void;
  scatter(to: number, from: number, places: number, n: number): void;
  product(
    out: number,
    outStride: number,
    start: number,
    startStride: number,
    a: number,
    aStride: number,
    P: number,
    b: number,
    bStride: number,
    Q: number,
    slots: number,
    n: number,
    weights: number,
    O: number,
  ): void;
}

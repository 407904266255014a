/** Losses and optimizers (`assembly/train.ts`). */
export interface TrainingKernels {
  loss(
    kind: number,
    constants: number,
    dy: number,
    dyStride: number,
    y: number,
    yStride: number,
    target: number,
    targetStride: number,
    step: number,
    n: number,
    O: number,
    scale: number,
  ): number;
  squares(x: number, n: number): number;
  adam(
    p: number,
    g: number,
    m: number,
    v: number,
    n: number,
    clip: number,
    rate: number,
    beta1: number,
    beta2: number,
    rest1: number,
    rest2: number,
    root: number,
    epsilon: number,
    keep: number,
  ): void;
  sgd(p: number, g: number, m: number, n: number, scale: number, rate: number, momentum: number, decay: number): void;
}

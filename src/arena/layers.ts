import type { RecurrentStep, Rows } from './arguments.ts';

/** Layers forward (`assembly/layers`). */
export interface LayerKernels {
  activate(kind: number, alpha: number, x: number, slots: number, n: number, stride: number, O: number): void;
  attend(
    context: number,
    contextStride: number,
    contextTick: number,
    q: number,
    qStride: number,
    qTick: number,
    Q: number,
    k: number,
    kStride: number,
    kTick: number,
    v: number,
    vStride: number,
    vTick: number,
    T: number,
    D: number,
    E: number,
    scale: number,
    vector: number,
    qMask: number,
    qMaskStride: number,
    kMask: number,
    kMaskStride: number,
    vMask: number,
    vMaskStride: number,
    causal: boolean,
    scores: number,
    weights: number,
    slots: number,
    n: number,
  ): void;
  convStep(
    out: number,
    outStride: number,
    ring: number,
    L: number,
    newest: number,
    size: number,
    dilation: number,
    slots: number,
    n: number,
    weights: number,
    bias: number,
    I: number,
    O: number,
  ): void;
  denseStep(...args: [...Rows, weights: number, bias: number, I: number, O: number]): void;
  dropout(
    ...args: [...Rows, W: number, first: number, key: number, threshold: number, scale: number, add: boolean]
  ): void;
  embed(
    out: number,
    outStride: number,
    mask: number,
    x: number,
    xStride: number,
    slots: number,
    n: number,
    table: number,
    E: number,
  ): void;
  gruGates(
    out: number,
    z: number,
    x: number,
    I: number,
    h: number,
    rh: number,
    weights: number,
    rows: number,
    H: number,
    recurrentKind: number,
    kind: number,
  ): void;
  gruStep(hNext: number, h: number, ...args: [...RecurrentStep, recurrentKind: number, kind: number]): void;
  gruStepBefore(
    hNext: number,
    h: number,
    ...args: [...RecurrentStep, recurrentKind: number, kind: number, rh: number]
  ): void;
  lstmGates(
    out: number,
    z: number,
    x: number,
    I: number,
    h: number,
    P: number,
    weights: number,
    rows: number,
    H: number,
    recurrentKind: number,
    kind: number,
  ): void;
  lstmStep(hNext: number, h: number, hStride: number, P: number, c: number, ...args: RecurrentStep): void;
  lstmStepAny(
    hNext: number,
    h: number,
    hStride: number,
    P: number,
    c: number,
    ...args: [...RecurrentStep, recurrentKind: number, kind: number]
  ): void;
  rnnStep(hNext: number, h: number, ...args: [...RecurrentStep, kind: number]): void;
  layerNorm(...args: [...Rows, gamma: number, beta: number, epsilon: number, F: number]): void;
  normalize(...args: [...Rows, mean: number, deviation: number, F: number]): void;
  rescale(...args: [...Rows, scale: number, offset: number, F: number]): void;
  pool(
    out: number,
    outStride: number,
    x: number,
    stride: number,
    tick: number,
    T: number,
    W: number,
    largest: boolean,
    mask: number,
    maskStride: number,
    slots: number,
    n: number,
  ): void;
}

/** Loads the kernels and types their exports. The only importer of the loader; pointers go no further than `src/model`. */
import { instantiateSync } from '@assemblyscript/loader';
import type { MathFunctions } from './features/maths.ts';

/** What most kernels begin with: rows of one place made of rows of another. */
type Rows = [out: number, outStride: number, x: number, xStride: number, slots: number, n: number];

/** How the steps of recurrent layers go on, behind their states (`assembly/layers/lstm.ts`). */
type RecurrentStep = [
  ...[slots: number, n: number, z: number, zRow: number, x: number, xStride: number, I: number],
  ...[weights: number, rows: number, H: number],
];

/** The exports of one instance: one arena. Letters and layouts are those of `assembly/memory.ts`; pointers are byte offsets. */
export interface Arena {
  memory: WebAssembly.Memory;
  activate(kind: number, alpha: number, x: number, slots: number, n: number, stride: number, O: number): void;
  activateBack(
    kind: number,
    alpha: number,
    dx: number,
    dxStride: number,
    dy: number,
    dyStride: number,
    x: number,
    xStride: number,
    y: number,
    yStride: number,
    slots: number,
    n: number,
    O: number,
  ): void;
  affineBack(...args: [...Rows, slope: number, F: number]): void;
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
  attendBack(
    dcontext: number,
    contextStride: number,
    contextTick: number,
    q: number,
    dq: number,
    qStride: number,
    qTick: number,
    Q: number,
    k: number,
    dk: number,
    kStride: number,
    kTick: number,
    v: number,
    dv: number,
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
    dScale: number,
    dVector: number,
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
  embedBack(
    dTable: number,
    dy: number,
    dyStride: number,
    x: number,
    xStride: number,
    slots: number,
    n: number,
    E: number,
  ): void;
  gruBack(
    dz: number,
    dh: number,
    before: number,
    gates: number,
    sums: number,
    slots: number,
    n: number,
    H: number,
    recurrentKind: number,
    kind: number,
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
  gruKeep(
    h: number,
    before: number,
    gates: number,
    sums: number,
    slots: number,
    n: number,
    H: number,
    recurrentKind: number,
    kind: number,
  ): void;
  gruReset(rh: number, before: number, sums: number, slots: number, n: number, H: number, recurrentKind: number): void;
  gruResetBack(
    dz: number,
    dh: number,
    drh: number,
    before: number,
    gates: number,
    sums: number,
    slots: number,
    n: number,
    H: number,
    recurrentKind: number,
  ): void;
  gruStep(hNext: number, h: number, ...args: [...RecurrentStep, recurrentKind: number, kind: number]): void;
  gruStepBefore(
    hNext: number,
    h: number,
    ...args: [...RecurrentStep, recurrentKind: number, kind: number, rh: number]
  ): void;
  lstmBack(
    dz: number,
    dc: number,
    dh: number,
    c: number,
    cBefore: number,
    gates: number,
    sums: number,
    slots: number,
    n: number,
    H: number,
    recurrentKind: number,
    kind: number,
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
  lstmKeep(
    h: number,
    c: number,
    cBefore: number,
    gates: number,
    sums: number,
    slots: number,
    n: number,
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
  layerNorm(...args: [...Rows, gamma: number, beta: number, epsilon: number, F: number]): void;
  layerNormBack(
    dx: number,
    dxStride: number,
    dy: number,
    dyStride: number,
    x: number,
    xStride: number,
    slots: number,
    n: number,
    gamma: number,
    epsilon: number,
    F: number,
    dGamma: number,
    dBeta: number,
  ): void;
  normalize(...args: [...Rows, mean: number, deviation: number, F: number]): void;
  rescale(...args: [...Rows, scale: number, offset: number, F: number]): void;
  outer(
    dW: number,
    dBias: number,
    a: number,
    aStride: number,
    P: number,
    b: number,
    bStride: number,
    Q: number,
    d: number,
    dStride: number,
    slots: number,
    n: number,
    O: number,
    work: number,
  ): void;
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
  poolBack(
    dx: number,
    dxStride: number,
    dxTick: number,
    dy: number,
    dyStride: number,
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
  rnnStep(hNext: number, h: number, ...args: [...RecurrentStep, kind: number]): void;
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
  zeroMasked(x: number, stride: number, mask: number, maskStride: number, slots: number, n: number, W: number): void;
  sigmoid1(v: number): number;
  tanh1(v: number): number;
  alloc(bytes: number): number;
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
  divide(x: number, stride: number, divisor: number, slots: number, n: number, W: number): void;
  mergeBack(
    op: number,
    dy: number,
    dyStride: number,
    inputs: number,
    count: number,
    slots: number,
    n: number,
    W: number,
  ): void;
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
  relayoutBack(
    dx: number,
    xStride: number,
    xTick: number,
    xWidth: number,
    dy: number,
    yStride: number,
    yTick: number,
    yWidth: number,
    count: number,
    slots: number,
    n: number,
  ): void;
  gather(to: number, from: number, places: number, n: number, add: boolean): void;
  scatter(to: number, from: number, places: number, n: number): void;
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

/** Compiled kernels: `math` for everybody, and a fresh arena for every model. */
export interface Kernels {
  /** What they were compiled to: `loadKernels` makes the same of it in another thread. */
  readonly module: WebAssembly.Module;
  readonly math: MathFunctions;
  arena(): Arena;
}

/** @param source the bytes of a `.wasm`, or a module already compiled: the edge reads the file or fetches the URL */
export async function loadKernels(source: BufferSource | WebAssembly.Module): Promise<Kernels> {
  const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source);
  const arena = (): Arena => withLimit(instantiateSync(module, {}).exports as unknown as Arena);
  return { module, math: arena() as unknown as MathFunctions, arena };
}

/** What 32-bit pointers reach, less a page. */
const MOST = 0xffff_0000;

/** An arena whose `alloc` says in time that there is no more memory to be had. */
function withLimit(exports: Arena): Arena {
  let used = exports.memory.buffer.byteLength;
  const alloc = (bytes: number): number => {
    used += bytes + 16;
    if (used > MOST) throw new RangeError(`${used} bytes are more than 32-bit memory has`);
    try {
      return exports.alloc(bytes);
    } catch (cause) {
      throw new RangeError(`${bytes} bytes more are not to be had`, { cause });
    }
  };
  return { ...exports, alloc };
}

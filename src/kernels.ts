/** Loads the kernels and types their exports. The only importer of the loader; pointers go no further than `src/model`. */
import { instantiateSync } from '@assemblyscript/loader';
import type { MathFunctions } from './features/maths.ts';

/** The exports of one instance: one arena. Letters and layouts are those of `assembly/memory.ts`; pointers are byte offsets. */
export interface Arena {
  memory: WebAssembly.Memory;
  alloc(bytes: number): number;
  lstmInput(
    z: number,
    x: number,
    xStride: number,
    weights: number,
    bias: number,
    R: number,
    I: number,
    H: number,
  ): void;
  lstmStep(
    hNext: number,
    h: number,
    c: number,
    slots: number,
    n: number,
    z: number,
    zRow: number,
    x: number,
    xStride: number,
    I: number,
    weights: number,
    rows: number,
    H: number,
  ): void;
  lstmGates(out: number, z: number, x: number, I: number, h: number, weights: number, rows: number, H: number): void;
  denseStep(
    out: number,
    x: number,
    xStride: number,
    slots: number,
    n: number,
    weights: number,
    bias: number,
    I: number,
    O: number,
  ): void;
  activate(kind: number, x: number, slots: number, n: number, stride: number, O: number): void;
  normalize(out: number, x: number, slots: number, n: number, stride: number, a: number, b: number, F: number): void;
  rescale(out: number, x: number, slots: number, n: number, stride: number, a: number, b: number, F: number): void;
  fork(state: number, stride: number, from: number, to: number, count: number): void;
  spread(x: number, stride: number, baseline: number, F: number): void;
  difference(effect: number, out: number, stride: number, slots: number, n: number, target: number): void;
  settle(far: number, state: number, stride: number, H: number, slots: number, n: number, eps: number): void;
  sigmoid1(x: number): number;
  tanh1(x: number): number;
}

/** Compiled kernels: `math` for everybody, and a fresh arena for every model. */
export interface Kernels {
  readonly math: MathFunctions;
  arena(): Arena;
}

/** @param source the bytes of a `.wasm`, or a module already compiled: the edge reads the file or fetches the URL */
export async function loadKernels(source: BufferSource | WebAssembly.Module): Promise<Kernels> {
  const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source);
  const arena = (): Arena => instantiateSync(module, {}).exports as unknown as Arena;
  return { math: arena() as unknown as MathFunctions, arena };
}

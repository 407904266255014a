/** Loads the kernels and types their exports. The only importer of the loader; pointers go no further than `src/model`. */
import { instantiateSync } from '@assemblyscript/loader';
import type { BackwardKernels } from './arena/backward.ts';
import type { BranchKernels } from './arena/branches.ts';
import type { LayerKernels } from './arena/layers.ts';
import type { RowKernels } from './arena/rows.ts';
import type { TrainingKernels } from './arena/training.ts';
import type { MathFunctions } from './features/maths.ts';

/** The exports of one instance: one arena. Letters and layouts are those of `assembly/memory.ts`; pointers are byte offsets. */
export interface Arena extends BranchKernels, RowKernels, LayerKernels, BackwardKernels, TrainingKernels {
  memory: WebAssembly.Memory;
  sigmoid1(v: number): number;
  tanh1(v: number): number;
  alloc(bytes: number): number;
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

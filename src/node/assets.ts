/** What the package carries: kernels, the dashboard, the demo. Found beside the code, from source and from `dist` alike. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Kernels, loadKernels } from '../kernels.ts';

const root = new URL('../../', import.meta.url);

/** Path of a file of the package, such as `demo/market.safetensors`. */
export function asset(path: string): string {
  return fileURLToPath(new URL(path, root));
}

/** The kernels of this build, and the SHA-256 of their bytes (hex). */
export async function readKernels(build: 'whytick' | 'whytick.scalar' | 'whytick.debug' = 'whytick'): Promise<{
  kernels: Kernels;
  hash: string;
}> {
  const bytes = await readFile(asset(`dist/kernels/${build}.wasm`));
  return { kernels: await loadKernels(bytes), hash: createHash('sha256').update(bytes).digest('hex') };
}

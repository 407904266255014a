/**
 * Many worlds at once: each is a window of its own, and what is asked is what the model says at its end.
 *
 * Worlds that have been alike so far are one branch. At every tick the branches part where the worlds' rows part: one child
 * stays in its slot, the others are forked from it, and all are stepped together. Whatever a method occludes, it pays for no
 * tick twice: a single occluded tick shares everything before it, coalitions share their common past as a tree.
 */
import type { Question, Run } from './method.ts';
import { WorldTree } from './worldTree.ts';

export interface Worlds {
  count: number;
  /** Writes world n's window (K, F); it comes filled with the observed one. */
  write: (n: number, window: Float32Array) => void;
  /** Numbers of the outputs that are wanted; default: all. */
  keep?: readonly number[];
}

export interface Outputs {
  /** (count, O), or (count, kept). */
  values: Float32Array;
  outputs: number;
  evaluations: number;
}

/** Worlds that are stepped together, at most: more are run one batch after the other. */
const AT_ONCE = 1024;
/** Floats that the states and kept windows of a batch may take. */
const ROOM = 1 << 26;

/** Runs worlds, more than once where that is needed: the ticks before the window are stepped the first time only. */
export type RunWorlds = (worlds: Worlds, run?: Run) => Promise<Outputs>;

/**
 * What the model says at the end of each world.
 * @throws whatever `run.signal` was aborted with; ModelError for a model that does not fit
 */
export async function runWorlds(question: Question, worlds: Worlds, run?: Run): Promise<Outputs> {
  return openWorlds(question)(worlds, run);
}

/** `runWorlds` for several lots of worlds about one question. */
export function openWorlds(question: Question): RunWorlds {
  const { spec, blackBox, ticks } = question;
  const [K, F] = [ticks.length, spec.inputs];
  const T = question.windowed ? question.before.length + K : K;
  const most = Math.max(1, Math.min(AT_ONCE, Math.floor(ROOM / (T * (F + 64)))));
  const observed = flat(ticks, F);
  const window = new Float32Array(K * F);
  const bits = new Uint32Array(window.buffer);
  let tree: WorldTree | null = null;
  return async ({ count, write, keep = spec.outputs.map((_, o) => o) }, run = {}) => {
    const O = keep.length;
    const B = Math.min(count, most);
    if (!blackBox && (tree?.size ?? 0) < B) tree = new WorldTree(question, B);
    const values = new Float32Array(count * O);
    let evaluations = 0;
    for (let from = 0; from < count; from += B) {
      if (from > 0) await pause();
      run.signal?.throwIfAborted();
      run.progress?.(from, count);
      const n = Math.min(B, count - from);
      const told = values.subarray(from * O, (from + n) * O);
      if (tree) {
        for (let i = 0; i < n; i++) {
          window.set(observed);
          write(from + i, window);
          tree.add(bits);
        }
        evaluations += tree.run(keep, told);
      } else {
        const all = await blackBox!.run(wholeWindows(question, write, from, n), n, T);
        for (let at = 0; at < n * O; at++) told[at] = all[Math.floor(at / O) * spec.outputs.length + keep[at % O]!]!;
        evaluations += n;
      }
    }
    run.progress?.(count, count);
    return { values, outputs: O, evaluations };
  };
}

/** Lets others have the thread. */
export function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}

/** Rows (each F) one after the other. */
export function flat(rows: readonly Float32Array[], F: number): Float32Array {
  const all = new Float32Array(rows.length * F);
  rows.forEach((row, k) => {
    all.set(row, k * F);
  });
  return all;
}

/** What a black box is called with: the ticks before, then each world's own (n, T, F). */
function wholeWindows(
  { before, ticks, spec: { inputs: F } }: Question,
  write: Worlds['write'],
  from: number,
  n: number,
) {
  const whole = flat([...before, ...ticks], F);
  const all = new Float32Array(n * whole.length);
  for (let i = 0; i < n; i++) {
    all.set(whole, i * whole.length);
    write(from + i, all.subarray(i * whole.length + before.length * F, (i + 1) * whole.length));
  }
  return all;
}

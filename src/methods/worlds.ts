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
}

export interface Outputs {
  /** (count, O). */
  values: Float32Array;
  outputs: number;
  evaluations: number;
}

/** Worlds that are stepped together, at most: more are run one batch after the other. */
const AT_ONCE = 1024;
/** Floats that the states and kept windows of a batch may take. */
const ROOM = 1 << 26;

/**
 * What the model says at the end of each world.
 * @throws whatever `run.signal` was aborted with; ModelError for a model that does not fit
 */
export async function runWorlds(question: Question, worlds: Worlds, run: Run = {}): Promise<Outputs> {
  const { count } = worlds;
  const { spec, blackBox, ticks } = question;
  const [K, F, O] = [ticks.length, spec.inputs, spec.outputs.length];
  const T = question.windowed ? question.before.length + K : K;
  const B = Math.max(1, Math.min(count, AT_ONCE, Math.floor(ROOM / (T * (F + 64)))));
  const observed = flat(ticks, F);
  const windows = new Float32Array(B * K * F);
  const values = new Float32Array(count * O);
  const tree = blackBox ? null : new WorldTree(question, B);
  let evaluations = 0;
  for (let from = 0; from < count; from += B) {
    if (from > 0) await pause();
    run.signal?.throwIfAborted();
    run.progress?.(from, count);
    const n = Math.min(B, count - from);
    for (let i = 0; i < n; i++) {
      const window = windows.subarray(i * K * F, (i + 1) * K * F);
      window.set(observed);
      worlds.write(from + i, window);
    }
    if (tree) evaluations += tree.run(windows, n, values.subarray(from * O));
    else {
      const some = withBefore(question, windows.subarray(0, n * K * F), n);
      values.set(await blackBox!.run(some, n, T), from * O);
      evaluations += n;
    }
  }
  run.progress?.(count, count);
  return { values, outputs: O, evaluations };
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

/** What a black box is called with: the ticks before, then each world's own. */
function withBefore({ before, spec: { inputs: F } }: Question, windows: Float32Array, n: number): Float32Array {
  const head = flat(before, F);
  const each = windows.length / n;
  if (head.length === 0) return windows;
  const all = new Float32Array(n * (head.length + each));
  for (let i = 0; i < n; i++) {
    all.set(head, i * (head.length + each));
    all.set(windows.subarray(i * each, (i + 1) * each), i * (head.length + each) + head.length);
  }
  return all;
}

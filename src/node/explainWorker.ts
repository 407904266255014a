/**
 * The thread that answers questions about recent ticks, so that the stream's own never waits for one: one model, one question
 * at a time. `explanations.ts` is its other end.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { EngineQuestion } from '../engine.ts';
import { loadKernels } from '../kernels.ts';
import { ask, explanationJson, findMethod, type Options } from '../methods/index.ts';
import { withWeights } from '../model/parameters.ts';
import type { ModelSpec } from '../model/spec.ts';
import { jsonText } from './jsonText.ts';

/** What the thread is started with. */
export interface WorkerData {
  /** The compiled kernels, the very ones of the stream. */
  module: WebAssembly.Module;
  spec: ModelSpec;
  /** Names of the F columns that feed the model. */
  features: readonly string[];
}

/** One question, plain data. */
export interface Job {
  /** Number of the tick. */
  index: number;
  question: EngineQuestion;
  method: string;
  options: Options;
  /** Number or name of an output, or argmax; null: the one that the stream explains. */
  target: string | null;
}

export type ToWorker = { type: 'explain'; job: Job } | { type: 'cancel' };

export type FromWorker =
  | { type: 'progress'; done: number; total: number }
  /** The explanation as `whytick explain --json` prints it. */
  | { type: 'answer'; json: string }
  | { type: 'failed'; message: string };

/** What is said of a model that goes on learning. */
const LEARNT = 'asked of the model as it is now: it has gone on learning since this tick';

/** Progress is told ten times a second. */
const PROGRESS_MS = 100;
/** Nice: the stream goes first where there are more threads than cores. */
const LOW = 10;

const { module, spec, features } = workerData as WorkerData;
const kernels = await loadKernels(module);
let running: AbortController | null = null;

// on Linux alone a priority is a thread's; elsewhere it would be that of the whole process
if (process.platform === 'linux') setPriority(LOW);
parentPort!.on('message', (message: ToWorker) => {
  if (message.type === 'cancel') running?.abort(new Error('cancelled'));
  else void answer(message.job).then(tell);
});

function tell(message: FromWorker): void {
  parentPort!.postMessage(message);
}

async function answer(job: Job): Promise<FromWorker> {
  running = new AbortController();
  try {
    return { type: 'answer', json: await explain(job, running.signal) };
  } catch (error) {
    return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  } finally {
    running = null;
  }
}

async function explain({ index, question, method: name, options, target }: Job, signal: AbortSignal): Promise<string> {
  const { target: own, weights, ...recent } = question;
  const method = findMethod(name);
  let told = Number.NEGATIVE_INFINITY;
  const progress = (done: number, total: number): void => {
    const now = performance.now();
    if (now - told < PROGRESS_MS) return;
    told = now;
    tell({ type: 'progress', done, total });
  };
  const begun = performance.now();
  const now = weights ? withWeights(spec, weights) : spec;
  const asked = { kernels, spec: now, blackBox: null, background: null, seed: 0, ...recent };
  const [explained] = await ask(method, asked, target ?? String(own), options, { signal, progress });
  signal.throwIfAborted();
  if (weights) explained!.notes = [...(explained!.notes ?? []), LEARNT];
  const { rows } = recent.baselines;
  const [first] = rows;
  return jsonText(
    explanationJson(explained!, {
      method: name,
      mode: recent.windowed ? 'windowed' : 'stateful',
      index,
      window: recent.ticks.length,
      features,
      baseline: rows.every((row) => row.every((value, f) => value === first![f])) ? first! : rows,
      elapsedMs: performance.now() - begun,
      options,
    }),
  );
}

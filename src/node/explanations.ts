/**
 * Answers questions of dashboards in a thread of their own, one after the other. The queue is bounded: of each client one
 * question waits at most, and a newer one takes its place; of all clients `MOST_WAITING`. Every question is answered once:
 * with an explanation, or with what became of it.
 */
import { Worker } from 'node:worker_threads';
import { asset } from './assets.ts';
import type { FromWorker, Job, ToWorker, WorkerData } from './explainWorker.ts';

/** Where the answer to one question goes. */
export interface Answering {
  progress(done: number, total: number): void;
  /** @param json the explanation as `whytick explain --json` prints it */
  answer(json: string): void;
  failed(message: string): void;
}

interface Asked {
  client: object;
  id: number;
  job: Job;
  to: Answering;
}

/** Questions that wait, of all clients. */
export const MOST_WAITING = 16;
/** A method that does not heed a cancellation for so long loses its thread. */
const HEED_MS = 2000;
/** JavaScript heap of the thread; weights and states are not in it. */
const HEAP_MB = 1024;

export class Explanations {
  /** Questions so far: answered; refused because too many waited; and those without an answer for any other reason. */
  readonly counters = { answered: 0, refused: 0, failed: 0 };
  readonly #data: WorkerData;
  readonly #waiting: Asked[] = [];
  #worker: Worker | null = null;
  #running: Asked | null = null;
  #killer: NodeJS.Timeout | undefined;
  #cancelled = false;
  #closed = false;

  readonly #file: string;

  /** Nothing runs before the first question. @param file what the thread runs */
  constructor(data: WorkerData, file = asset('dist/node/explainWorker.js')) {
    this.#data = data;
    this.#file = file;
  }

  /** Questions that wait, and the one that is being answered. */
  get size(): number {
    return this.#waiting.length + (this.#running ? 1 : 0);
  }

  /** Asks. @param client whose question it is @param id by which the client cancels it */
  ask(client: object, id: number, job: Job, to: Answering): void {
    const asked = { client, id, job, to };
    const at = this.#waiting.findIndex((other) => other.client === client);
    if (at >= 0) {
      const [older] = this.#waiting.splice(at, 1, asked);
      this.counters.failed++;
      older!.to.failed('a newer question took its place');
    } else if (this.#waiting.length >= MOST_WAITING) {
      this.counters.refused++;
      to.failed(`${MOST_WAITING} questions wait already: ask again later`);
    } else {
      this.#waiting.push(asked);
    }
    this.#next();
  }

  /** Takes a question back, whether it waits or is being answered. One that is over or unknown is none. */
  cancel(client: object, id: number): void {
    const at = this.#waiting.findIndex((asked) => asked.client === client && asked.id === id);
    if (at >= 0) {
      this.counters.failed++;
      this.#waiting.splice(at, 1)[0]!.to.failed('cancelled');
    } else if (this.#running?.client === client && this.#running.id === id) this.#stop();
  }

  /** A client is gone, and its questions with it. */
  leave(client: object): void {
    const at = this.#waiting.findIndex((asked) => asked.client === client);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#running?.client === client) this.#stop();
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#killer);
    const open = [...(this.#running ? [this.#running] : []), ...this.#waiting.splice(0)];
    this.#running = null;
    for (const { to } of open) to.failed('the server stops');
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #next(): void {
    if (this.#running || this.#closed) return;
    this.#running = this.#waiting.shift() ?? null;
    if (!this.#running) return;
    this.#cancelled = false;
    try {
      this.#worker ??= this.#start();
      this.#post({ type: 'explain', job: this.#running.job });
    } catch (error) {
      // no thread is to be had: the stream goes on
      this.#end((to) => to.failed((error as Error).message));
    }
  }

  #stop(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#post({ type: 'cancel' });
    this.#killer = setTimeout(() => this.#kill(), HEED_MS);
  }

  /** The thread and its question; the next question starts another. */
  #kill(): void {
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    this.#end((to) => to.failed('cancelled'));
  }

  #post(message: ToWorker): void {
    this.#worker!.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(this.#file, {
      workerData: this.#data,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    worker.unref();
    let reason = '';
    worker.on('message', (message: FromWorker) => {
      if (worker === this.#worker) this.#hear(message);
    });
    worker.on('error', (error: Error) => {
      reason = error.message;
    });
    worker.on('exit', (code) => {
      if (worker !== this.#worker) return;
      this.#worker = null;
      this.#end((to) => to.failed(`the thread that explains ended: ${reason || `exit code ${code}`}`));
    });
    return worker;
  }

  #hear(message: FromWorker): void {
    if (message.type === 'progress') this.#running?.to.progress(message.done, message.total);
    else if (message.type === 'failed') this.#end((to) => to.failed(message.message));
    else if (this.#cancelled) this.#end((to) => to.failed('cancelled'));
    else this.#end((to) => to.answer(message.json), 'answered');
  }

  #end(say: (to: Answering) => void, outcome: 'answered' | 'failed' = 'failed'): void {
    clearTimeout(this.#killer);
    const ended = this.#running;
    this.#running = null;
    if (ended) {
      this.counters[outcome]++;
      say(ended.to);
    }
    this.#next();
  }
}

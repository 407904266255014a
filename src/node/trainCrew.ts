/**
 * The hands of a training run in threads of their own. A task is one message each way; values and gradients stay in shared
 * memory, each of them written by one side while the other waits.
 */
import { Worker } from 'node:worker_threads';
import type { Answer, Crew, Hire } from '../training/index.ts';
import { asset } from './assets.ts';
import type { FromWorker, ToWorker, WorkerData } from './trainWorker.ts';

/** @param module the trainer's compiled kernels @param file what the threads run */
export function threads(module: WebAssembly.Module, file: string = asset('dist/node/trainWorker.js')): Hire {
  return (work, count) => {
    const values = shared(count);
    const hands = Array.from({ length: work.shares - 1 }, (_, i) => {
      return new Thread(file, { module, work, share: i + 1, values, gradients: shared(count) });
    });
    return {
      shuffle(random) {
        for (const hand of hands) hand.tell({ type: 'shuffle', random });
      },
      work(task, now) {
        values.set(now);
        return Promise.all(hands.map((hand) => hand.ask({ type: 'work', task })));
      },
      async close() {
        await Promise.all(hands.map((hand) => hand.close()));
      },
    } satisfies Crew;
  };
}

function shared(count: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * count));
}

class Thread {
  readonly #worker: Worker;
  readonly #share: number;
  readonly #gradients: Float32Array;
  #failed: Error | null = null;
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;

  constructor(file: string, data: WorkerData) {
    this.#share = data.share;
    this.#gradients = data.gradients;
    this.#worker = new Worker(file, { workerData: data, execArgv: [] });
    this.#worker.on('message', ({ loss }: FromWorker) => {
      this.#waiting?.resolve({ loss, gradients: this.#gradients });
      this.#waiting = null;
    });
    this.#worker.on('error', (cause: unknown) => this.#fail(cause instanceof Error ? cause.message : String(cause)));
    this.#worker.on('exit', (code) => this.#fail(`exit code ${code}`));
  }

  tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** @throws Error where the thread has ended, or ends before it answers */
  ask(message: ToWorker): Promise<Answer> {
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.tell(message);
    });
  }

  async close(): Promise<void> {
    this.#worker.removeAllListeners('exit');
    await this.#worker.terminate();
  }

  #fail(reason: string): void {
    this.#failed ??= new Error(`worker thread ${this.#share} of training ended: ${reason}`);
    this.#waiting?.reject(this.#failed);
    this.#waiting = null;
  }
}

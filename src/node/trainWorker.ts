/** A thread that works on one share of every batch of a training run. `trainCrew.ts` is its other end. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadKernels } from '../kernels.ts';
import { Random } from '../random.ts';
import { Hand, type Task, type Work } from '../training/index.ts';

/** What the thread is started with. */
export interface WorkerData {
  /** The compiled kernels, the very ones of the trainer. */
  module: WebAssembly.Module;
  work: Work;
  share: number;
  /** The parameters' values, which the trainer writes before a task, and this thread's gradients: shared memory. */
  values: Float32Array;
  gradients: Float32Array;
}

export type ToWorker = { type: 'shuffle'; random: Random['state'] } | { type: 'work'; task: Task };

/** A task is done; its gradients are in their place. */
export interface FromWorker {
  loss: number;
}

const { module, work, share, values, gradients } = workerData as WorkerData;
const hand = new Hand(await loadKernels(module), work, share);
const parameters = hand.tape.parameters!;

// what is thrown here ends the thread, and the crew hears of it
parentPort!.on('message', (message: ToWorker) => {
  if (message.type === 'shuffle') {
    hand.train.shuffle(new Random(message.random));
    return;
  }
  parameters.values.set(values);
  parameters.write();
  const { loss } = hand.run(message.task);
  if (message.task.part === 'train') gradients.set(parameters.gradients);
  parentPort!.postMessage({ loss } satisfies FromWorker);
});

/** The state of a training run in a file of its own, from which the run goes on: `whytick train --resume`. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { ConfigError, invalid } from '../errors.ts';
import { type Dataset, readState, type TrainerState, writeState } from '../training/index.ts';
import { readNamedFile, writeWhole } from './files.ts';

/** Milliseconds between two writings. */
const EVERY_MS = 3000;

/** Options on which no weight of an epoch depends. */
const FREE = new Set(['out', 'epochs', 'patience', 'report', 'force', 'json', 'resume', 'verbose']);

/** What tells a run from others: its data, the kernels by their hash, and the values of all options but those, by name. */
export function identity(options: object, dataset: Dataset, kernels: string): Record<string, string> {
  const own = Object.entries(options).filter(([name]) => !FREE.has(name));
  return {
    DATA: hashOf(dataset),
    kernels,
    ...Object.fromEntries(own.map(([name, value]) => [`--${name}`, String(value)])),
  };
}

/** SHA-256 of all numbers that a run learns from and is chosen by, and of how they are cut. */
function hashOf({ values, targets, series }: Dataset): string {
  const hash = createHash('sha256').update(JSON.stringify([values.length, targets.length, series]));
  for (const { buffer, byteOffset, byteLength } of [values, targets])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}

/** @throws ConfigError where a run that was not finished would be lost */
export function checkNoTraining(model: string): void {
  const path = trainingFileOf(model);
  const expected = `no ${path}, from which --resume goes on; --force begins anew`;
  if (existsSync(path)) throw new ConfigError(invalid('--out', model, expected));
}

function trainingFileOf(model: string): string {
  return `${model}.training`;
}

export class TrainingFile {
  readonly path: string;
  readonly #run: Readonly<Record<string, string>>;
  readonly #refused: (message: string) => void;
  /** What is not written yet. */
  #waiting: TrainerState | null = null;
  #writing: Promise<void> | null = null;
  #next = 0;
  #epoch = 0;
  #failed = false;

  /**
   * @param model the file beside which it lies
   * @param run name and value of all that the run's bytes depend on
   * @param refused is told where it cannot be written, and not again until it could be: a run goes on without
   */
  constructor(model: string, run: Readonly<Record<string, string>>, refused: (message: string) => void) {
    this.path = trainingFileOf(model);
    this.#run = run;
    this.#refused = refused;
  }

  /** The epoch from which a run would go on: of the last state that could be written; 0: none. */
  get epoch(): number {
    return this.#epoch;
  }

  /** @throws ConfigError where there is none or it is of another run, naming what differs; ModelError for no such file */
  async read(): Promise<TrainerState> {
    const { state, run } = readState(await readNamedFile(this.path, '--resume'), this.path);
    const names = new Set([...Object.keys(this.#run), ...Object.keys(run)]);
    const other = [...names].filter((name) => run[name] !== this.#run[name]);
    if (other.length === 0) {
      this.#epoch = state.epoch;
      return state;
    }
    const there = other.map((name) => (name === 'DATA' ? 'other DATA' : `${name} ${run[name] ?? 'nothing'}`));
    const here = other.map((name) => (name === 'DATA' ? 'these DATA' : `${name} ${this.#run[name] ?? 'nothing'}`));
    throw new ConfigError(
      invalid('--resume', this.path, `a run with ${here.join(', ')}: it is one with ${there.join(', ')}`),
    );
  }

  /** Writes it now and then; `close` writes the last one. */
  keep(state: TrainerState): void {
    this.#waiting = state;
    if (this.#writing || performance.now() < this.#next) return;
    this.#writing = this.#write().finally(() => {
      this.#writing = null;
    });
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#write();
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  async #write(): Promise<void> {
    const state = this.#waiting;
    if (!state) return;
    this.#waiting = null;
    try {
      await writeWhole(this.path, writeState(state, this.#run), 'the state of the run');
      this.#epoch = state.epoch;
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) this.#refused((error as Error).message);
      this.#failed = true;
    }
    this.#next = performance.now() + EVERY_MS;
  }
}

/** How the learning rate changes from step to step, as a share of what it is at the start. */
import { ConfigError, invalid } from '../errors.ts';
import type { MathFunctions } from '../features/maths.ts';

export type Schedule = { /** Epochs over which the rate grows to its start; default 0. */ warmup?: number } & (
  | { kind: 'constant' }
  /** Multiplied by `factor` (default 0.1) after each `every` epochs. */
  | { kind: 'step'; every: number; factor?: number }
  /** Down to `least` (a share; default 0) by half a cosine over the epochs behind the warm-up (Loshchilov & Hutter 2017). */
  | { kind: 'cosine'; least?: number }
);

/** @throws ConfigError for what is out of range */
export function checkSchedule(schedule: Schedule, epochs: number): void {
  const { kind, warmup = 0 } = schedule;
  const refuse = (name: string, value: unknown, expected: string): never => {
    throw new ConfigError(invalid(`schedule ${name}`, value, expected));
  };
  if (!(warmup >= 0 && warmup < epochs)) refuse('warmup', warmup, `zero or more, fewer than the ${epochs} epochs`);
  if (kind === 'step') {
    if (!(schedule.every >= 1)) refuse('every', schedule.every, 'one epoch or more');
    if (!((schedule.factor ?? 0.1) > 0)) refuse('factor', schedule.factor, 'more than zero');
  } else if (kind === 'cosine') {
    const { least = 0 } = schedule;
    if (!(least >= 0 && least <= 1)) refuse('least', least, 'a share from 0 to 1');
  } else if (kind !== 'constant') refuse('kind', kind, 'constant, step or cosine');
}

/**
 * @param step counted from 0 over all epochs @param each steps of an epoch
 * @param cos from the kernels, whose bits are the same everywhere
 */
export function share(
  schedule: Schedule,
  step: number,
  each: number,
  epochs: number,
  { cos }: Pick<MathFunctions, 'cos'>,
): number {
  const warmup = (schedule.warmup ?? 0) * each;
  if (step < warmup) return (step + 1) / warmup;
  if (schedule.kind === 'step') {
    let share = 1;
    for (let e = schedule.every; e <= Math.floor(step / each); e += schedule.every) share *= schedule.factor ?? 0.1;
    return share;
  }
  if (schedule.kind === 'constant') return 1;
  const { least = 0 } = schedule;
  const done = (step - warmup) / (epochs * each - warmup);
  return least + (1 - least) * 0.5 * (1 + cos(Math.PI * done));
}

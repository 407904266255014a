/** What is said of a training run that has ended. */
import type { Report } from '../../training/index.ts';

/** Why it ended, in the line that says which epoch was kept. */
export const ENDED: Record<Report['stopped'], string> = {
  epochs: 'all are done',
  patience: 'none was better for long',
  diverged: 'the loss was no number any more',
  aborted: 'stopped',
};

type End = Pick<Report, 'stopped' | 'step' | 'best'> & { epochs: ArrayLike<unknown> };

/**
 * What there is to know about a model that was not trained to the end.
 * @param out its file @param rate the learning rate
 * @param resumes the epoch from which a run would go on; 0: none
 */
export function ending({ stopped, step, best, epochs }: End, out: string, rate: number, resumes: number): string[] {
  const kept = `epoch ${best}, the best so far, is in ${out}`;
  const now = `in epoch ${epochs.length + 1}`;
  if (stopped === 'aborted')
    return [`stopped ${now}: ${kept}${resumes > 0 ? `; --resume goes on from epoch ${resumes}` : ''}`];
  if (stopped === 'diverged')
    return [`the loss was no number at step ${step}, ${now}: ${kept}; try a --rate below ${rate}`];
  return [];
}

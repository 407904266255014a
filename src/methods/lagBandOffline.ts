import type { Answer, Method, Question, Run } from './method.ts';
import { earlier } from './moment.ts';
import { occludeCell } from './occlude.ts';
import { whole } from './options.ts';
import { runWorlds } from './worlds.ts';

/** Lag bands of one window; `lagBand.ts` has the definition and the live form. */
export const lagBand: Method = {
  name: 'lag-band',
  summary: 'each feature held at its baseline over ever longer runs that end now; a tick gets what it adds',
  about: {
    family: 'perturbation',
    question: 'How far back does each feature reach into this output, and what does each step back add?',
    cost: 'band F branches, one batched step a tick; live',
    baselines: 'all; the one that held when the run began',
    caveat: 'a cell counts together with all that came after it in its feature',
    source: 'Leung et al. 2023 (WinIT)',
  },
  options: { band: 10 },
  supports: () => true,
  async explain(question, options, run): Promise<Answer[]> {
    const K = question.ticks.length;
    const band = Math.min(whole(options, 'band', 1), K);
    const now = await nested(question, band, run);
    const before = await tickBefore(question, band);
    return question.targets.map((_, i) => {
      const change = before && now.cells[i]!.map((value, at) => value - before.cells[i]![at]!);
      return {
        values: now.cells[i]!,
        ...(change ? { change, since: question.indices.at(-2)! } : {}),
        evaluations: now.evaluations + (before?.evaluations ?? 0),
      };
    });
  },
};

interface Nested {
  /** Cells (K, F) for each target. */
  cells: Float32Array[];
  evaluations: number;
}

/** The cells of the output at the end of the question's window. World 1 + n F + f holds f over the last n + 1 ticks. */
async function nested(question: Question, band: number, run?: Run): Promise<Nested> {
  const [K, F] = [question.ticks.length, question.spec.inputs];
  const write = (i: number, window: Float32Array): void => {
    if (i === 0) return;
    const [n, f] = [Math.floor((i - 1) / F), (i - 1) % F];
    for (let k = K - 1 - n; k < K; k++) occludeCell(question, k * F + f, window);
  };
  const { values, outputs, evaluations } = await runWorlds(question, { count: 1 + band * F, write }, run);
  const cells = question.targets.map((target) => {
    const D = (n: number, f: number): number =>
      n < 0 ? 0 : Math.fround(values[target]! - values[(1 + n * F + f) * outputs + target]!);
    const found = new Float32Array(K * F);
    for (let n = 0; n < band; n++) for (let f = 0; f < F; f++) found[(K - 1 - n) * F + f] = D(n, f) - D(n - 1, f);
    return found;
  });
  return { cells, evaluations };
}

/** The same of the output one tick earlier, in the cells of this window; null where there was none. */
async function tickBefore(question: Question, band: number): Promise<Nested | null> {
  const { windowed, before, ticks, history, targets, spec } = question;
  if (history.length < 2 || (windowed && history.length <= before.length + ticks.length)) return null;
  const { question: then, seen } = earlier(question, 1, '--at');
  const cells = targets.map(() => new Float32Array(ticks.length * spec.inputs));
  const reach = Math.min(band - 1, seen);
  if (reach === 0) return { cells, evaluations: 0 };
  const found = await nested(then, reach);
  found.cells.forEach((values, i) => {
    cells[i]!.set(values);
  });
  return { cells, evaluations: found.evaluations };
}

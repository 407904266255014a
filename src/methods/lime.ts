import type { MathFunctions } from '../features/maths.ts';
import { Random } from '../random.ts';
import { openGame } from './game.ts';
import { type Binary, MOST_UNKNOWNS } from './linear.ts';
import type { Method } from './method.ts';
import { fewEnough, notNegative, oneOf, text, whole } from './options.ts';
import { parsePlayers, playerAnswer } from './players.ts';
import { fitSurrogate, REGRESSIONS } from './surrogate.ts';

const MOST_SAMPLES = 1 << 20;
/** Penalty where none is asked for. */
const ALPHA = { ridge: 1, lasso: 1e-4 };
/** Width of the kernel that weighs samples by their distance. */
const WIDTH = 0.25;

/** LIME: a linear model of which players are present, fitted to what the model says of samples nearby. */
export const lime: Method = {
  name: 'lime',
  summary: 'a linear model of which ticks, features or groups are present, fitted around this window',
  about: {
    family: 'surrogate',
    question: 'Which linear rule says about the same as the model near this window?',
    cost: '`samples` worlds, which share their past',
    baselines: 'all',
    caveat: 'a rule, not a share of the output: r2 says how well it fits, and its penalty shrinks the coefficients',
    source: 'Ribeiro et al. 2016; over pieces of time, Guillemé et al. 2019',
  },
  options: { players: 'ticks', samples: 1000, regression: 'ridge', alpha: Number.NaN },
  supports: () => true,
  async explain(question, options, run) {
    const { kernels, seed, spec, targets, ticks } = question;
    const players = parsePlayers(text(options, 'players'), ticks.length, spec.inputs);
    const samples = whole(options, 'samples', 2, MOST_SAMPLES);
    const regression = oneOf(options, 'regression', REGRESSIONS);
    const resolved = Number.isNaN(options.alpha) ? { ...options, alpha: ALPHA[regression] } : options;
    const alpha = notNegative(resolved, 'alpha');
    fewEnough(players.count, MOST_UNKNOWNS, ', such as ticks or features');
    const drawn = drawMasks(players.count, samples, new Random(seed), kernels.math);
    const game = openGame(question, players);
    const has = (n: number, a: number): boolean => drawn.rows[n * drawn.M + game.active[a]!] === 1;
    const v = await game.play({ count: samples, has }, run);
    return targets.map((_, i) => {
      const said = Float64Array.from({ length: samples }, (_, n) => v[n * targets.length + i]!);
      const { coefficients, r2 } = fitSurrogate(drawn, said, regression, alpha);
      return {
        ...playerAnswer(players, spec.inputs, coefficients),
        r2,
        evaluations: game.evaluations,
        options: resolved,
      };
    });
  },
};

/** All players, then samples in which each is present with probability 1/2; weighed by how near they are to all. */
function drawMasks(M: number, samples: number, random: Random, maths: MathFunctions): Binary {
  const rows = new Uint8Array(samples * M).fill(1);
  for (let at = M; at < rows.length; at++) rows[at] = random.next() >>> 31;
  const weights = Float64Array.from({ length: samples }, (_, n) => nearness(rows.subarray(n * M, (n + 1) * M), maths));
  return { M, rows, weights };
}

/** exp(-d^2 / (2 * 0.25^2)), d the cosine distance of a mask to all ones: 1 - sqrt(part that is present). */
export function nearness(mask: Uint8Array, { exp }: MathFunctions): number {
  const present = mask.reduce((sum, one) => sum + one, 0);
  const d = 1 - Math.sqrt(present / mask.length);
  return exp((-d * d) / (2 * WIDTH * WIDTH));
}

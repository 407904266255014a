import { ConfigError, invalid } from '../errors.ts';
import { endpoints } from './ask.ts';
import { alongThePath } from './integratedGradients.ts';
import type { Answer, Method, Question, Run } from './method.ts';
import { earlier } from './moment.ts';
import { oneOf, text } from './options.ts';
import { fitSegments, type Players, parsePlayers, playerAnswer, SEGMENTS } from './players.ts';
import { quadrature } from './quadrature.ts';
import { rollingOcclusion } from './rollingOcclusionOffline.ts';
import { gradientSupport } from './saliency.ts';
import { exactShapley } from './shapley.ts';

const OF = ['rolling-occlusion', 'integrated-gradients', 'shapley'] as const;
/** Points of the path, as `integrated-gradients` takes them. */
const STEPS = 64;

/**
 * Why the output moved since an earlier tick: a method of the one function y_t - y_since, over the window that ends at t. All
 * that are offered are linear in the function: they answer for both outputs, and are subtracted.
 */
export const delta: Method = {
  name: 'delta',
  summary: 'why the output moved since an earlier tick: another method, applied to the difference',
  about: {
    family: 'perturbation',
    question: 'Why has the prediction moved since then?',
    cost: 'twice that of the method it applies',
    baselines: 'those of the method it applies',
    caveat: 'says how the move parts among the values of this window; what came before it takes no part',
    source: 'docs/decisions.md',
  },
  options: { of: 'rolling-occlusion', since: Number.NaN, players: SEGMENTS },
  supports: () => true,
  async explain(question, options, run): Promise<Answer[]> {
    const of = oneOf(options, 'of', OF);
    const [K, F] = [question.ticks.length, question.spec.inputs];
    const who = fitSegments(text(options, 'players'), K);
    const players = of === 'shapley' ? parsePlayers(who, K, F) : null;
    const place = question.indices.lastIndexOf(Number(options.since));
    const back = question.history.length - 1 - place;
    if (place < 0 || back === 0) throw noSuchTick(question, options.since);
    if (of === 'integrated-gradients') checkGradient(question);
    const { question: then, seen } = earlier(question, back, '--option since');
    const now = await part(question, players, run);
    const before = seen > 0 ? await part(then, players, run) : null;
    const [ends, endsThen] = [await endpoints(question), await endpoints(then)];
    return question.targets.map((target, i) => {
      const [output, baselineOutput] = [0, 1].map((e) => ends[e]![target]! - endsThen[e]![target]!) as [number, number];
      const moved = subtract(now, before, i);
      const fields = players ? playerAnswer(players, F, moved.values!) : moved;
      const gap = moved.values!.reduce((sum, value) => sum + value, 0) - (output - baselineOutput);
      return {
        ...fields,
        ...(fields.values ? { change: fields.values } : {}),
        ...(of === 'rolling-occlusion' ? {} : { completenessGap: gap }),
        ...(players ? { options: { ...options, players: who } } : {}),
        since: question.indices[place]!,
        output,
        baselineOutput,
        evaluations: now.evaluations + (before?.evaluations ?? 0),
      };
    });

    /** The method of the output at the end of a question's window: cells, or the players of the later window. */
    async function part(asked: Question, game: Players | null, watched?: Run): Promise<Part> {
      if (game) {
        const own = { ...game, of: game.of.subarray(0, asked.ticks.length * F) };
        const { values, evaluations } = await exactShapley(asked, own, watched);
        return { values, evaluations };
      }
      const answers =
        of === 'integrated-gradients'
          ? await alongThePath(asked, quadrature('gauss-legendre', STEPS, asked.kernels.math), watched)
          : await rollingOcclusion.explain(asked, rollingOcclusion.options, watched);
      return {
        values: answers.map(({ values }) => values!),
        ...(of === 'rolling-occlusion' ? { events: answers.map(({ events }) => events!) } : {}),
        evaluations: answers[0]!.evaluations,
      };
    }
  },
};

/** Numbers for each target. */
interface Part {
  values: readonly ArrayLike<number>[];
  events?: readonly ArrayLike<number>[];
  evaluations: number;
}

/** What the later output's numbers have more than the earlier one's, which begin with the same ticks and may end sooner. */
function subtract(now: Part, before: Part | null, target: number): Pick<Answer, 'values' | 'events'> {
  const difference = (a: ArrayLike<number>, b: ArrayLike<number> | undefined): Float32Array =>
    Float32Array.from(a, (value, at) => value - (b?.[at] ?? 0));
  const events = now.events && { events: difference(now.events[target]!, before?.events?.[target]) };
  return { values: difference(now.values[target]!, before?.values[target]), ...events };
}

function checkGradient({ spec }: Question): void {
  const reason = gradientSupport(spec);
  if (reason !== true)
    throw new ConfigError(invalid('--option of', 'integrated-gradients', `another method: ${reason}`));
}

function noSuchTick({ indices }: Question, since: unknown): ConfigError {
  const [first, last] = [indices[0], indices.at(-2)];
  const expected =
    last === undefined
      ? 'a tick before the one explained: there is none'
      : `the number of a tick from ${first} to ${last}`;
  return new ConfigError(invalid('--option since', since, expected));
}

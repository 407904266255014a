import { ConfigError, invalid } from '../errors.ts';
import type { Answer, Method, Options, Question, Run } from './method.ts';
import { oneOf, text, whole } from './options.ts';
import { type Players, parsePlayers, playerAnswer } from './players.ts';
import { RollingShapley, type RollingShapleyOptions } from './rollingShapley.ts';
import { pause } from './worlds.ts';

/**
 * Rolling Shapley at one tick: the live method of `rollingShapley.ts`, given all ticks up to that one. On a stream the ticks
 * before the window are players as well, as they are live: worlds live through the whole past.
 */
export const rollingShapley: Method = {
  name: 'rolling-shapley',
  summary: 'what each player adds to the output, on average over random worlds that live through the whole past',
  about: {
    family: 'Shapley',
    question:
      'How is what the model says shared out fairly among recent ticks, values, segments or features, tick by tick?',
    cost: 'at most `branches` branches, one batched step a tick; live',
    baselines: 'all; the one that held when the tick came',
    caveat: 'an estimate that is nothing without its standard error; players that are absent leave streams never seen',
    source: 'docs/decisions.md; Owen 1972, the multilinear extension of a game',
  },
  options: { players: 'ticks', branches: 1024, estimator: 'auto' },
  supports: ({ blackBox }) =>
    !blackBox || 'worlds are carried from tick to tick as states, which a black box keeps to itself: ask kernel-shap',
  async explain(question, options, run = {}) {
    const { ticks, spec, targets } = question;
    const players = parsePlayers(text(options, 'players'), ticks.length, spec.inputs);
    const past = pastOf(question);
    const bank = new RollingShapley(question.kernels, spec, {
      ...settings(question, players, options, past.ticks.length),
      score: question.score,
    });
    if (past.start) bank.startFrom(past.start);
    await pushAll(bank, question, past, run);
    return targets.map((target) => {
      bank.answerFor(target);
      return answerOf(bank, players, question, past);
    });
  },
};

/** The ticks before the window, oldest first, what they hold when they are absent, and the state before them. */
interface Past {
  ticks: readonly Float32Array[];
  baselines: readonly Float32Array[];
  start: Question['start'];
}

/**
 * On a stream the whole of it, where it is known from its first tick; else from the state that the question begins with. Absent
 * ticks hold the value before theirs where that is the rule, else what the window's first tick would. In a windowed run the
 * ticks before are present in all worlds: absent they are what they are.
 */
function pastOf({ windowed, start, before, ticks, baselines, history }: Question): Past {
  if (windowed) return { ticks: before, baselines: before, start: null };
  const whole = start !== null && start.ticks + before.length + ticks.length === history.length;
  const past = whole ? history.slice(0, -ticks.length) : before;
  const first = history.length - ticks.length - past.length;
  const held = past.map((_, t) => (baselines.last ? history[Math.max(0, first + t - 1)]! : baselines.rows[0]!));
  return { ticks: past, baselines: held, start: whole ? null : start };
}

/** @throws ConfigError for options that there cannot be */
function settings(question: Question, players: Players, options: Options, past: number): RollingShapleyOptions {
  const { targets, seed, ticks } = question;
  const { kind, segments } = players;
  if (kind === 'mask' || kind === 'groups')
    throw new ConfigError(invalid('--option players', options.players, 'ticks, features, cells or segments:M'));
  const K = ticks.length;
  const each = Math.ceil(K / players.count);
  // before the window segments of the same length, and the window's own from 0 on
  const segmentOf = (tick: number): number =>
    tick < past ? Math.floor((tick - past) / each) : segments!.findIndex(([, last]) => tick - past <= last);
  return {
    window: K,
    players: kind === 'segments' ? `segments:${players.count}` : kind,
    branches: whole(options, 'branches', 1),
    estimator: oneOf(options, 'estimator', ['auto', 'regression', 'worlds']),
    target: targets[0]!,
    seed,
    // a recorded stream ends with the tick that is explained, windowed or not
    windowLength: past + K,
    segmentOf,
  };
}

/** Ticks between two looks at whether the work is still wanted. */
const IN_A_ROW = 64;

async function pushAll(bank: RollingShapley, { ticks, baselines }: Question, past: Past, run: Run): Promise<void> {
  const total = past.ticks.length + ticks.length;
  for (let t = 0; t < total; t++) {
    if (t % IN_A_ROW === 0) {
      if (t > 0) await pause();
      run.signal?.throwIfAborted();
      run.progress?.(t, total);
    }
    const k = t - past.ticks.length;
    if (k < 0) bank.push(past.ticks[t]!, past.baselines[t]!, false);
    else bank.push(ticks[k]!, baselines.rows[k]!, k === ticks.length - 1);
  }
  run.progress?.(total, total);
}

function answerOf(bank: RollingShapley, players: Players, { windowed, spec }: Question, past: Past): Answer {
  const { values, standardErrors, estimator, worlds, evaluations, remainder, completenessGap, noneOutput } = bank;
  const notes = [`${HOW[estimator]} ${worlds} worlds`];
  // the ticks before the window are players as well: the question's baseline output, which has them, is not where values begin
  const drawn = !windowed && past.ticks.length > 0;
  if (drawn) notes.push(`where no tick of the stream is present the model says ${figure(noneOutput)}`);
  if (drawn && players.kind !== 'features')
    notes.push(`ticks before the window are players too, and add ${figure(remainder)} together`);
  if (past.start) notes.push(`the first ${past.start.ticks} ticks of the stream are as observed in all worlds`);
  return {
    ...playerAnswer(players, spec.inputs, values, estimator === 'exact' ? null : standardErrors),
    ...(drawn ? {} : { completenessGap: completenessGap - remainder }),
    evaluations,
    notes,
  };
}

const HOW = { exact: 'enumerated in', regression: 'a regression over', worlds: 'means over the flips of' };

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}

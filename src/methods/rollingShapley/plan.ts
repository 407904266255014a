/** Who plays in a rolling game, and how many worlds the branches are enough for. */
import { ConfigError, invalid } from '../../errors.ts';
import { TREND } from './regression.ts';

export interface RollingShapleyOptions {
  /** K, ticks explained. */
  window: number;
  players: 'ticks' | 'cells' | 'features' | `segments:${number}`;
  /** The most branches stepped at a tick. */
  branches: number;
  /**
   * `worlds` or `regression`; or `auto`, which takes what errs less at this number of branches. That must be settled before the
   * first tick, for a world has to live through the whole past; so it is settled by what was measured. Features are enumerated
   * (`exact`) where 2^F branches are given. Where players hold all of the past (features, or a stream that is one window) and
   * there are at least four pairs of worlds for each, regression errs about a fifth less. Elsewhere ticks older than the window
   * are noise to a regression and none to a flip: worlds err 1.5 to 8 times less, and much the same where the model forgets
   * within the window.
   */
  estimator: 'auto' | 'regression' | 'worlds';
  /** Which output is explained. */
  target: number;
  /** Whole number from 0 on: the same seed draws the same worlds. */
  seed: number;
  /** Distance of states below which a flipped branch is settled; default 0, which keeps all. */
  eps?: number;
  /** T where the stream ends after T ticks, as a windowed run does; default null, a stream without an end. */
  windowLength?: number | null;
  /**
   * The segment of each tick (counted from 0, the first one pushed): a whole number that never falls. Default: runs of
   * ceil(K / M) ticks from the stream's first on.
   */
  segmentOf?: (tick: number) => number;
}

/** Players, as generations of them that begin together. */
export interface Generations {
  /** Generations alive at once, at most, and players in each: P is their product. */
  readonly count: number;
  readonly each: number;
  /** The generation that a tick belongs to. Where it changes the next one begins, and the oldest one leaves. */
  of(tick: number): number;
}

/**
 * Ticks and cells: a generation a tick. Segments: one a segment. Features: a single one for ever.
 * @param F features
 * @throws ConfigError for a window or players that there cannot be
 */
export function generationsOf({ window: K, players, segmentOf }: RollingShapleyOptions, F: number): Generations {
  if (!Number.isInteger(K) || K < 1) throw new ConfigError(invalid('window', K, 'a whole number of ticks, at least 1'));
  if (players === 'ticks') return { count: K, each: 1, of: (tick) => tick };
  if (players === 'cells') return { count: K, each: F, of: (tick) => tick };
  if (players === 'features') return { count: 1, each: F, of: () => 0 };
  const M = Number(/^segments:(\d+)$/.exec(players)?.[1]);
  if (!(M >= 1 && M <= K)) {
    throw new ConfigError(invalid('players', players, `ticks, cells, features, or segments:1 to segments:${K}`));
  }
  const length = Math.ceil(K / M);
  return { count: M, each: 1, of: segmentOf ?? ((tick) => Math.floor(tick / length)) };
}

export interface ShapleyPlan {
  /** M worlds, in mirror pairs; of `exact` all 2^F. */
  worlds: number;
  estimator: 'exact' | 'regression' | 'worlds';
  /** Branches that are stepped at a tick, at most. */
  branches: number;
}

/** Features of which all subsets are carried, at most: more branches than a machine steps at a tick. */
const MOST_EXACT = 20;
/** Pairs of worlds that a regression must have for each unknown: fewer do not tell players apart. */
const PAIRS_AN_UNKNOWN = 2;
/** Pairs for each unknown from which on a regression errs less than flips where nothing is older than the players. */
const PAIRS_TO_PREFER = 4;

/**
 * How many worlds fit.
 * @param F features
 * @throws ConfigError where not even one pair fits, with the branches that would do
 */
export function shapleyPlan(options: RollingShapleyOptions, F: number): ShapleyPlan {
  const { branches: B, estimator, players } = options;
  const { count, each } = generationsOf(options, F);
  if (!Number.isInteger(B)) throw new ConfigError(invalid('branches', B, 'a whole number'));
  const P = count * each;
  if (estimator === 'auto' && players === 'features' && F <= MOST_EXACT && B >= 1 << F) {
    return { worlds: 1 << F, estimator: 'exact', branches: 1 << F };
  }
  const pairs = Math.floor((B - ENDS) / 2);
  const closed = players === 'features' || options.windowLength === options.window;
  const regress = estimator === 'auto' ? closed && pairs >= PAIRS_TO_PREFER * (TREND + P) : estimator === 'regression';
  const per = regress ? 1 : P + 1;
  const least = regress ? PAIRS_AN_UNKNOWN * (TREND + P) : 1;
  const fit = Math.floor((B - ENDS) / (2 * per));
  if (fit < least) {
    const needed = ENDS + 2 * per * least;
    throw new ConfigError(invalid('branches', B, `at least ${needed} for ${P} players, or fewer players`));
  }
  return { worlds: 2 * fit, estimator: regress ? 'regression' : 'worlds', branches: ENDS + 2 * fit * per };
}

/** Branches beside the worlds: the one as observed, and the one in which every player is absent. */
const ENDS = 2;

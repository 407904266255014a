import { ConfigError, invalid } from '../errors.ts';
import type { Question } from './method.ts';

/** The question about an earlier tick's output, in the cells of the later window. */
export interface Moment {
  question: Question;
  /** Ticks of the later window that the earlier output has seen: the first ones. 0: none, `question` is about one it has not. */
  seen: number;
}

/**
 * What moved an output since an earlier tick is asked of one function, y_t - y_s, over the window that ends at t. Methods that
 * are linear in the function (occlusion, path integrals, Shapley values) answer for y_t and for y_s, and subtract. For y_s the
 * cells of that window which came after s do nothing, and what came before the window is never occluded.
 * @param back how many ticks before the explained one
 * @throws ConfigError where the stream did not begin early enough for an output there
 */
export function earlier(question: Question, back: number, path: string): Moment {
  const { windowed, before, ticks, baselines, history } = question;
  const K = ticks.length;
  const seen = Math.max(0, K - back);
  const T = before.length + K;
  const end = history.length - back;
  const first = windowed ? end - T : history.length - T;
  // in stateful mode there is no state to begin with before the ticks that are kept
  if (windowed ? first < 0 : end <= first) {
    const oldest = question.indices[windowed ? T - 1 : first];
    throw new ConfigError(
      invalid(path, question.indices[end - 1] ?? 'a tick before the stream', `a tick from ${oldest} on`),
    );
  }
  // one tick at least, so that there is a step to take an output from
  const own = Math.max(1, seen);
  return {
    seen,
    question: {
      ...question,
      before: windowed
        ? history.slice(first, end - own)
        : before.slice(0, before.length + (seen > 0 ? 0 : K - back - 1)),
      ticks: history.slice(end - own, end),
      baselines:
        seen > 0 ? { ...baselines, rows: baselines.rows.slice(0, seen) } : { rows: [history[end - 1]!], last: null },
      history: history.slice(0, end),
      indices: question.indices.slice(0, end),
    },
  };
}

import { ConfigError, invalid } from '../errors.ts';
import type { Question } from './method.ts';
import { Random } from './random.ts';

/**
 * Windows to draw from: those given, else a uniform sample of the windows of K ticks that the stream has shown before the one
 * explained (a reservoir; Vitter's algorithm R).
 * @param size how many are kept at most
 * @throws ConfigError where the stream has shown none
 */
export function reservoir(question: Question, size: number): readonly (readonly Float32Array[])[] {
  if (question.background) return question.background;
  const { history, seed } = question;
  const K = question.ticks.length;
  const random = new Random(seed);
  const ends: number[] = [];
  let seen = 0;
  for (let end = K; end < history.length; end++) {
    seen++;
    if (ends.length < size) ends.push(end);
    else {
      const place = random.below(seen);
      if (place < size) ends[place] = end;
    }
  }
  if (seen === 0)
    throw new ConfigError(
      invalid(
        '--at',
        question.indices.at(-1),
        `a row with more than ${K} ticks up to it: there is no earlier window to draw from`,
      ),
    );
  return ends.map((end) => history.slice(end - K, end));
}

import { ConfigError, invalid } from '../errors.ts';
import type { Question } from './method.ts';
import { below, seeded } from './random.ts';

/**
 * Windows to draw from: those given, else a uniform sample of the windows of K ticks that the stream has shown before the one
 * explained (a reservoir; Vitter's algorithm R).
 * @param size how many are kept at most
 * @throws ConfigError where the stream has shown none
 */
export function reservoir(question: Question, size: number): readonly (readonly Float32Array[])[] {
  if (question.background) return question.background;
  if (!(Number.isInteger(size) && size >= 1))
    throw new ConfigError(invalid('--option reservoir', size, 'a whole number of windows from 1 on'));
  const { history, seed } = question;
  const K = question.ticks.length;
  const draw = seeded(seed ^ 0x5eed);
  const ends: number[] = [];
  let seen = 0;
  for (let end = K; end < history.length; end++) {
    seen++;
    if (ends.length < size) ends.push(end);
    else {
      const place = below(seen, draw);
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

/** @throws ConfigError for what is no whole number from 1 on */
export function wholeOption(name: string, value: unknown, least = 1): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
  throw new ConfigError(invalid(`--option ${name}`, value, `a whole number from ${least} on`));
}

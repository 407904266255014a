import { expect, it } from 'vitest';
import { parseMark } from '../../src/node/replay.ts';

it.each([
  ['#120', { tick: 120 }],
  ['1600000000000', { time: 1_600_000_000_000 }],
  ['0', { time: 0 }],
  ['2020-04-17', { time: Date.UTC(2020, 3, 17) }],
  ['2020-04-17T10:30:00', { time: Date.UTC(2020, 3, 17, 10, 30) }],
  ['2020-04-17T10:30:00+02:00', { time: Date.UTC(2020, 3, 17, 8, 30) }],
])('%s is a place in a recording', (text, mark) => {
  expect(parseMark(text, '--from')).toEqual(mark);
});

it.each(['', '#', '#-1', '-5', 'yesterday', '2020-02-31'])("'%s' is none", (text) => {
  expect(() => parseMark(text, '--from')).toThrow(
    `invalid --from: '${text}' (expected an ISO date or time, ms since 1970, or #N for tick N)`,
  );
});

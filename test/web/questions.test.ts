import { beforeEach, describe, expect, it } from 'vitest';
import type { WireExplanation } from '../../src/wire.ts';
import { type Asking, Questions } from '../../web/questions.ts';

let sent: { type: string; id: number; method?: string }[];
let questions: Questions;
beforeEach(() => {
  sent = [];
  questions = new Questions();
  questions.send = (message) => sent.push(message as (typeof sent)[number]);
});

const asking = (method: string, index = 7): Asking => ({ index, time: 1000 * index, method, options: {} });
const explanation = { values: null } as WireExplanation;
const answer = (id: number) => questions.take({ type: 'explanation', id, explanation });

describe('Questions', () => {
  it('asks one after the other, and says how far each is', () => {
    const first = questions.ask(asking('a'));
    const second = questions.ask(asking('b'));
    expect(sent).toEqual([{ type: 'explain', id: 1, index: 7, time: 7000, method: 'a', options: {}, baseline: null }]);
    questions.take({ type: 'progress', id: 1, done: 3, total: 9 });
    expect([first.state, first.done, first.total]).toEqual(['running', 3, 9]);
    answer(1);
    expect([first.state, first.explanation, second.state]).toEqual(['answered', explanation, 'running']);
    expect(sent[1]).toMatchObject({ id: 2, method: 'b' });
    questions.take({ type: 'explain-error', id: 2, message: 'no' });
    expect([second.state, second.message]).toEqual(['failed', 'no']);
  });

  it('asks nothing twice that is answered or on its way, and again what failed', () => {
    const first = questions.ask(asking('a'));
    expect(questions.ask(asking('a'))).toBe(first);
    answer(1);
    expect(questions.ask(asking('a'))).toBe(first);
    expect(questions.ask({ ...asking('a'), baseline: 'zero' })).not.toBe(first);
    questions.take({ type: 'explain-error', id: 2, message: 'no' });
    questions.ask({ ...asking('a'), baseline: 'zero' });
    expect(sent.map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  it('takes back what waits without a word, and what is on its way with one', () => {
    const first = questions.ask(asking('a'));
    const second = questions.ask(asking('b'));
    const third = questions.ask(asking('c'));
    questions.cancel(second);
    questions.cancel(first);
    expect(sent.at(-1)).toEqual({ type: 'cancel', id: 1 });
    expect([first.state, second.state, third.state]).toEqual(['cancelled', 'cancelled', 'running']);
    // the answer was on its way already: it is not wanted any more
    answer(1);
    expect([first.state, first.explanation]).toEqual(['cancelled', null]);
    expect(sent.at(-1)).toMatchObject({ type: 'explain', method: 'c' });
  });

  it('is told when the connection is lost, and hears nothing late', () => {
    const [first, second] = [questions.ask(asking('a')), questions.ask(asking('b'))];
    questions.lost();
    for (const { state, message } of [first, second])
      expect([state, message]).toEqual(['failed', 'the connection was lost before the answer came']);
    answer(1);
    expect(first.state).toBe('failed');
    questions.ask(asking('a'));
    expect(sent.at(-1)).toMatchObject({ id: 2, method: 'a' });
  });

  it('keeps the last answers, not all', () => {
    for (let index = 0; index < 30; index++) {
      questions.ask(asking('a', index));
      answer(index + 1);
    }
    questions.ask(asking('a', 29));
    questions.ask(asking('a', 10));
    expect(sent).toHaveLength(30);
    questions.ask(asking('a', 0));
    expect(sent).toHaveLength(31);
  });
});

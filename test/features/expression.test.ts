import { describe, expect, it } from 'vitest';
import { type Node, parseExpression, quoteColumn, splitExpressions } from '../../src/features/expression.ts';

const vocabulary = {
  functions: new Map<string, string[]>([
    ['log', []],
    ['diff', []],
  ]),
  clocks: new Set(['dayOfYear']),
};

/** The tree in prefix notation. */
function prefix(node: Node): string {
  switch (node.kind) {
    case 'number':
      return String(node.value);
    case 'column':
      return node.name;
    case 'clock':
      return `<${node.name}>`;
    case 'negate':
      return `(neg ${prefix(node.argument)})`;
    case 'binary':
      return `(${node.operator} ${prefix(node.left)} ${prefix(node.right)})`;
    case 'call':
      return `(${node.name} ${prefix(node.argument)})`;
  }
}

describe('parseExpression', () => {
  it.each([
    ['close', 'close'],
    ['  1.5e-3 ', '0.0015'],
    ['.5', '0.5'],
    ['a - b - c', '(- (- a b) c)'],
    ['a / b / c', '(/ (/ a b) c)'],
    ['a + b * c', '(+ a (* b c))'],
    ['(a + b) * c', '(* (+ a b) c)'],
    ['-a * b', '(* (neg a) b)'],
    ['a - -b', '(- a (neg b))'],
    ['--a', '(neg (neg a))'],
    ['log(high/low)', '(log (/ high low))'],
    ['diff(log(x + 1)) / 2', '(/ (diff (log (+ x 1))) 2)'],
    ['dayOfYear', '<dayOfYear>'],
    ['`dayOfYear` + `wind speed (m/s)`', '(+ dayOfYear wind speed (m/s))'],
    ['log', 'log'],
    ['diff(close) > 0', '(> (diff close) 0)'],
    ['a + 1 <= b * 2', '(<= (+ a 1) (* b 2))'],
    ['1 - (a>=b)', '(- 1 (>= a b))'],
    ['diff(a < -b)', '(diff (< a (neg b)))'],
    ['température_2', 'température_2'],
  ])('reads %s', (text, tree) => {
    expect(prefix(parseExpression(text, vocabulary))).toBe(tree);
  });

  it.each([
    ['', /position 1: 'the end' \(expected a number, a column, a function or "\("\)/],
    ['a +', /position 4: 'the end'/],
    ['a b', /position 3: 'b' \(expected an operator or the end; a name with blanks goes between backticks\)/],
    ['(a', /position 3: 'the end' \(expected "\)" or an operator\)/],
    ['a)', /position 2: '\)'/],
    ['sqrt(a)', /position 1: 'sqrt' \(expected one of the functions log, diff\)/],
    ['a $ b', /position 3: '\$'/],
    ['`open', /position 1: '`'/],
    ['* a', /position 1: '\*'/],
    ['a > b > c', /position 7: '>' \(expected an operator or the end/],
    ['a > = b', /position 5: '=' \(expected a number, a column or an operator\)/],
    ['log()', /position 5: '\)'/],
    [`${'('.repeat(300)}a${')'.repeat(300)}`, /levels of nesting/],
    [`a${'+a'.repeat(600)}`, /at most 1000 characters, not 1201/],
  ])('refuses %s', (text, message) => {
    expect(() => parseExpression(text, vocabulary)).toThrow(message);
  });
});

describe('splitExpressions', () => {
  it('splits at the outer commas only', () => {
    expect(splitExpressions('a, log(b) ,`c,d`,(e)')).toEqual(['a', 'log(b)', '`c,d`', '(e)']);
  });
});

describe('quoteColumn', () => {
  it('puts in backticks what is no identifier or means something else', () => {
    expect(['close', 'wind speed', 'dayOfYear', '2nd'].map((name) => quoteColumn(name, vocabulary))).toEqual([
      'close',
      '`wind speed`',
      '`dayOfYear`',
      '`2nd`',
    ]);
  });
});

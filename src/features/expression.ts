import { ConfigError, invalid } from '../errors.ts';

/** Of two values. A comparison gives 1 where it holds, else 0. */
export type Operator = '+' | '-' | '*' | '/' | Comparison;
export type Comparison = (typeof COMPARISONS)[number];
export const COMPARISONS = ['>=', '<=', '>', '<'] as const;

/** A parsed expression. `at` is the offset of the node's first character. */
export type Node =
  | { kind: 'number'; value: number; at: number }
  | { kind: 'column'; name: string; at: number }
  | { kind: 'clock'; name: string; at: number }
  | { kind: 'negate'; argument: Node; at: number }
  | { kind: 'binary'; operator: Operator; left: Node; right: Node; at: number }
  | { kind: 'call'; name: string; argument: Node; constants: readonly number[]; at: number };

/** The names that an expression may use besides columns. */
export interface Vocabulary {
  /** Functions of one argument, with the names of the constants that they take behind it. */
  functions: ReadonlyMap<string, readonly string[]>;
  /** Values that come from the tick's time. */
  clocks: ReadonlySet<string>;
}

interface Token {
  kind: 'number' | 'name' | 'quoted' | 'symbol' | 'end';
  text: string;
  at: number;
}

const TOKEN = /\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([\p{L}_][\p{L}\p{N}_]*)|`([^`]+)`|([<>]=?|[-+*/(),]))/uy;
/** Longer than any expression that a person writes; bounds the depth of the tree. */
const MAX_LENGTH = 1000;
/** Deeper than any expression that a person writes, and shallower than the call stack. */
const MAX_DEPTH = 200;

/**
 * Parses one expression over columns:
 *
 *     whole    sum (('>' | '<' | '>=' | '<=') sum)?
 *     sum      product (('+' | '-') product)*
 *     product  factor (('*' | '/') factor)*
 *     factor   '-' factor | number | column | function '(' whole (',' '-'? number)* ')' | '(' whole ')'
 *     column   an identifier, or any name between backticks
 *
 * @throws ConfigError naming the position (from 1) of what cannot be read, or the unknown function
 */
export function parseExpression(text: string, vocabulary: Vocabulary): Node {
  if (text.length > MAX_LENGTH) {
    throw new ConfigError(invalid('expression', text, `at most ${MAX_LENGTH} characters, not ${text.length}`));
  }
  const tokens = tokenize(text);
  let next = 0;
  let depth = 0;

  function peek(symbol: string): boolean {
    return tokens[next]!.kind === 'symbol' && tokens[next]!.text === symbol;
  }

  function take(...symbols: string[]): Token | null {
    return symbols.some(peek) ? tokens[next++]! : null;
  }

  function whole(): Node {
    const left = sum();
    const token = take(...COMPARISONS);
    if (!token) return left;
    return { kind: 'binary', operator: token.text as Comparison, left, right: sum(), at: left.at };
  }

  function sum(): Node {
    let left = product();
    for (let token = take('+', '-'); token; token = take('+', '-')) {
      left = { kind: 'binary', operator: token.text as '+' | '-', left, right: product(), at: left.at };
    }
    return left;
  }

  function product(): Node {
    let left = factor();
    for (let token = take('*', '/'); token; token = take('*', '/')) {
      left = { kind: 'binary', operator: token.text as '*' | '/', left, right: factor(), at: left.at };
    }
    return left;
  }

  function factor(): Node {
    const token = tokens[next++]!;
    if (++depth > MAX_DEPTH) throw wrong(text, token, `at most ${MAX_DEPTH} levels of nesting`);
    const node = primary(token);
    depth--;
    return node;
  }

  function primary(token: Token): Node {
    const { at } = token;
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text), at };
    if (token.kind === 'quoted') return { kind: 'column', name: token.text, at };
    if (token.kind === 'name') return peek('(') ? call(token) : named(token);
    if (token.text === '-') return { kind: 'negate', argument: factor(), at };
    if (token.text === '(') return closed();
    throw wrong(text, token, 'a number, a column, a function or "("');
  }

  function named({ text: name, at }: Token): Node {
    return vocabulary.clocks.has(name) ? { kind: 'clock', name, at } : { kind: 'column', name, at };
  }

  function call(token: Token): Node {
    const constants = vocabulary.functions.get(token.text);
    if (!constants) {
      throw wrong(text, token, `one of the functions ${[...vocabulary.functions.keys()].join(', ')}`);
    }
    next++;
    const argument = whole();
    const values = constants.map((name) => {
      if (!take(','))
        throw wrong(text, tokens[next]!, `", ${name}": ${token.text} takes ${constants.join(', ')} as well`);
      return constant(name);
    });
    if (!take(')')) throw wrong(text, tokens[next]!, '")" or an operator');
    return { kind: 'call', name: token.text, argument, constants: values, at: token.at };
  }

  function constant(name: string): number {
    const sign = take('-') ? -1 : 1;
    const token = tokens[next++]!;
    if (token.kind !== 'number') throw wrong(text, token, `a number for ${name}`);
    return sign * Number(token.text);
  }

  /** What follows an opening parenthesis, up to and including the closing one. */
  function closed(): Node {
    const node = whole();
    if (!take(')')) throw wrong(text, tokens[next]!, '")" or an operator');
    return node;
  }

  const node = whole();
  if (tokens[next]!.kind !== 'end')
    throw wrong(text, tokens[next]!, 'an operator or the end; a name with blanks goes between backticks');
  return node;
}

/**
 * Splits a comma-separated list of expressions, as `--columns` takes it: commas inside parentheses and backticks do
 * not count, blanks around an expression are dropped.
 */
export function splitExpressions(list: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i <= list.length; i++) {
    const c = list[i];
    if (c === '`') quoted = !quoted;
    else if (quoted) continue;
    else if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(list.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(list.slice(start).trim());
  return parts;
}

/** A column's name as an expression: bare where it is an identifier, between backticks otherwise. */
export function quoteColumn(name: string, vocabulary: Vocabulary): string {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) && !vocabulary.clocks.has(name) ? name : `\`${name}\``;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) {
      const at = start + (text.slice(start).length - text.slice(start).trimStart().length);
      throw wrong(text, { kind: 'symbol', text: text[at]!, at }, 'a number, a column or an operator');
    }
    const [all, number, name, quoted, symbol] = match;
    const at = start + all.length - all.trimStart().length;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, at });
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted, at });
    else tokens.push({ kind: 'symbol', text: symbol!, at });
  }
  tokens.push({ kind: 'end', text: '', at: end });
  return tokens;
}

function wrong(text: string, token: Token, expected: string): ConfigError {
  const found = token.kind === 'end' ? 'the end' : token.text;
  return new ConfigError(invalid(`expression "${text}" at position ${token.at + 1}`, found, expected));
}

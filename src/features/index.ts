import type { Saved, Saves } from '../saved.ts';
import { cos } from './cos.ts';
import { dayOfYear } from './dayOfYear.ts';
import { diff } from './diff.ts';
import { ema } from './ema.ts';
import { compile, type Evaluate, type Scope } from './evaluate.ts';
import { COMPARISONS, type Node, parseExpression, quoteColumn as quote, type Vocabulary } from './expression.ts';
import { is } from './is.ts';
import { lag } from './lag.ts';
import { log } from './log.ts';
import { logReturn } from './logReturn.ts';
import type { MathFunctions } from './maths.ts';
import { ratio } from './ratio.ts';
import { rollingMax } from './rollingMax.ts';
import { rollingMean } from './rollingMean.ts';
import { rollingMin } from './rollingMin.ts';
import { rollingStd } from './rollingStd.ts';
import { sin } from './sin.ts';
import { timeOfDay } from './timeOfDay.ts';
import type { Transform, TransformState } from './transform.ts';
import { zscore } from './zscore.ts';

export { splitExpressions } from './expression.ts';
export type { MathFunctions } from './maths.ts';
export type { Transform, TransformState } from './transform.ts';

/** Functions of one argument and of constants, alphabetical. */
export const transforms: readonly Transform[] = [
  cos,
  diff,
  ema,
  is,
  lag,
  log,
  logReturn,
  ratio,
  rollingMax,
  rollingMean,
  rollingMin,
  rollingStd,
  sin,
  zscore,
];

/** Values that come from the tick's time (ms since 1970 UTC), by name. */
export const clocks: ReadonlyMap<string, (time: number) => number> = new Map([
  ['dayOfYear', dayOfYear],
  ['timeOfDay', timeOfDay],
]);

const byName = new Map(transforms.map((transform) => [transform.name, transform]));
const vocabulary: Vocabulary = {
  functions: new Map(transforms.map(({ name, constants = [] }) => [name, constants])),
  clocks: new Set(clocks.keys()),
};

/** A column's name as an expression that reads it, in backticks where it is not an identifier. */
export function quoteColumn(name: string): string {
  return quote(name, vocabulary);
}

/**
 * What an expression is in the end: the name of its outermost function or operator (`diff`, `>`), or null for a column, a
 * number or a clock.
 * @throws ConfigError for what cannot be read
 */
export function outermost(expression: string): string | null {
  const node = parseExpression(expression, vocabulary);
  if (node.kind === 'call') return node.name;
  if (node.kind === 'binary') return node.operator;
  return node.kind === 'negate' ? '-' : null;
}

/** Whether an expression is 1 or 0 and nothing else: a comparison, or `is(x, value)`. */
export function isEvent(expression: string): boolean {
  const name = outermost(expression);
  return name === 'is' || COMPARISONS.some((comparison) => comparison === name);
}

/** Compiled expressions with the running state of their transforms: one of these a stream. */
export interface Columns extends Saves {
  /** The expressions, as they were given. */
  readonly expressions: readonly string[];
  /** True where an expression reads the tick's time. */
  readonly usesTime: boolean;
  /**
   * Why the last `push` gave no value: something was missing or not finite. Null after a value, and null while a
   * transform only waits for its first ticks.
   */
  readonly reason: string | null;
  /**
   * Takes the next tick. Every transform sees it, whatever the other expressions give.
   * @param values raw columns by name
   * @param time event time in ms since 1970 UTC, or null
   * @returns the values of all expressions, in order, in an array that the next push overwrites; null where one of
   *   them has no value, see `reason`
   */
  push(values: Readonly<Record<string, number>>, time: number | null): Float64Array | null;
  /** Forgets every tick seen. */
  reset(): void;
  /** The raw columns that the expressions read, each once, in order of first use. */
  columns(): string[];
}

/**
 * Models compute in float32, which ends at 3.4e38: past it a sum inside the model is infinite or no number, and stays so
 * in the state of a recurrent layer. The margin is for its weights and scalers.
 */
const LARGEST = 1e30;

/**
 * Compiles expressions over raw columns, such as `logReturn(close)` or `log(high/low)`.
 *
 * ```ts
 * const columns = compileColumns(['close', 'diff(close)'], kernels.math);
 * columns.push({ close: 10 }, null); // null: diff has no value yet
 * columns.push({ close: 12 }, null); // [12, 2]
 * ```
 * @throws ConfigError for a syntax error or an unknown function, with the position
 */
export function compileColumns(expressions: readonly string[], maths: MathFunctions): Columns {
  const nodes = expressions.map((text) => parseExpression(text, vocabulary));
  const scope: Scope = { values: {}, time: null, reason: null };
  const states: TransformState[] = [];
  const context = { scope, maths, transforms: byName, clocks, states };
  const evaluates: Evaluate[] = nodes.map((node) => compile(node, context));
  const out = new Float64Array(expressions.length);
  const raw = new Set<string>();
  let usesTime = false;
  for (const node of nodes) {
    walk(node, (found) => {
      if (found.kind === 'column') raw.add(found.name);
      if (found.kind === 'clock') usesTime = true;
    });
  }

  return {
    expressions: [...expressions],
    usesTime,
    get reason() {
      return scope.reason;
    },
    push(values, time) {
      scope.values = values;
      scope.time = time;
      scope.reason = null;
      let complete = true;
      for (let i = 0; i < evaluates.length; i++) {
        const y = evaluates[i]!();
        if (y === null) complete = false;
        else if (Math.abs(y) > LARGEST) {
          scope.reason ??= `${expressions[i]} at ${y} is too large for a model`;
          complete = false;
        } else out[i] = y;
      }
      return complete ? out : null;
    },
    reset() {
      for (const state of states) state.reset();
      scope.reason = null;
    },
    save: () => states.map((state) => state.save()),
    load(saved) {
      for (const [i, state] of states.entries()) state.load((saved as Saved[])[i]!);
      scope.reason = null;
    },
    columns: () => [...raw],
  };
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  if (node.kind === 'negate' || node.kind === 'call') walk(node.argument, visit);
  if (node.kind === 'binary') {
    walk(node.left, visit);
    walk(node.right, visit);
  }
}

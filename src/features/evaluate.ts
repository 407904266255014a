import type { Node, Operator } from './expression.ts';
import type { MathFunctions } from './maths.ts';
import type { Transform, TransformState } from './transform.ts';

/** What every node of one set of columns reads and writes while one tick is evaluated. */
export interface Scope {
  values: Readonly<Record<string, number>>;
  time: number | null;
  /** The first thing that kept a node from having a value, other than waiting for more ticks. */
  reason: string | null;
}

/** Evaluates one node for the tick in the scope. Null: no value. */
export type Evaluate = () => number | null;

interface Context {
  scope: Scope;
  maths: MathFunctions;
  transforms: ReadonlyMap<string, Transform>;
  clocks: ReadonlyMap<string, (time: number) => number>;
  /** Collects every running transform, so that all of them can be reset. */
  states: TransformState[];
}

/**
 * Compiles a parsed expression into a closure. Every node is evaluated on every tick, whatever its siblings gave, so
 * that each transform sees each value of its argument.
 */
export function compile(node: Node, context: Context): Evaluate {
  const { scope } = context;
  switch (node.kind) {
    case 'number': {
      const { value } = node;
      return () => value;
    }
    case 'column': {
      const { name } = node;
      return () => {
        const value = Object.hasOwn(scope.values, name) ? scope.values[name] : undefined;
        if (value !== undefined && Number.isFinite(value)) return value;
        scope.reason ??= `no number in column '${name}'`;
        return null;
      };
    }
    case 'clock': {
      const { name } = node;
      const clock = context.clocks.get(name)!;
      return () => {
        if (scope.time !== null && Number.isFinite(scope.time)) return clock(scope.time);
        scope.reason ??= `${name} needs a time`;
        return null;
      };
    }
    case 'negate': {
      const argument = compile(node.argument, context);
      return () => {
        const x = argument();
        return x === null ? null : -x;
      };
    }
    case 'binary': {
      const left = compile(node.left, context);
      const right = compile(node.right, context);
      const apply = operators[node.operator];
      return () => {
        const a = left();
        const b = right();
        if (a === null || b === null) return null;
        return finite(apply(a, b), scope, () => `${a} ${node.operator} ${b}`);
      };
    }
    case 'call': {
      const argument = compile(node.argument, context);
      const state = context.transforms.get(node.name)!.create(context.maths, node.constants);
      context.states.push(state);
      return () => {
        const x = argument();
        if (x === null) return null;
        const y = state.push(x);
        return y === null ? null : finite(y, scope, () => `${node.name} at ${x}`);
      };
    }
  }
}

const operators: Record<Operator, (a: number, b: number) => number> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '>': (a, b) => (a > b ? 1 : 0),
  '<': (a, b) => (a < b ? 1 : 0),
  '>=': (a, b) => (a >= b ? 1 : 0),
  '<=': (a, b) => (a <= b ? 1 : 0),
};

function finite(y: number, scope: Scope, what: () => string): number | null {
  if (Number.isFinite(y)) return y;
  scope.reason ??= `${what()} is not a finite number`;
  return null;
}

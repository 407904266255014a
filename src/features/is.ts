import { stateless, type Transform } from './transform.ts';

/** 1 where x is the value given, else 0: a category of numbers, one column each. */
export const is: Transform = {
  name: 'is',
  summary: '1 where x is the value given, else 0',
  constants: ['value'],
  create: (_, [value]) => ({ ...stateless, push: (x) => (x === value ? 1 : 0) }),
};

import { pure } from './transform.ts';

/** The natural logarithm. No value for zero and below. */
export const log = pure('log', 'natural logarithm of x', (maths) => (x) => maths.log(x));

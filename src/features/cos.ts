import { pure } from './transform.ts';

/** The cosine of an angle in radians. */
export const cos = pure('cos', 'cosine of x, in radians', (maths) => (x) => maths.cos(x));

import { pure } from './transform.ts';

/** The sine of an angle in radians. */
export const sin = pure('sin', 'sine of x, in radians', (maths) => (x) => maths.sin(x));

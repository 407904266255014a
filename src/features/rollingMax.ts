import { extreme } from './rollingExtreme.ts';

/** Largest of the last n values; no value before there are n. */
export const rollingMax = extreme('rollingMax', 'largest of the last so many values', (a, b) => a >= b);

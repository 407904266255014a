import { extreme } from './rollingExtreme.ts';

/** Least of the last n values; no value before there are n. */
export const rollingMin = extreme('rollingMin', 'least of the last so many values', (a, b) => a <= b);

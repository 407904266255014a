import { moments } from './rollingMoments.ts';

/** Population deviation of the last n values; no value before there are n. */
export const rollingStd = moments('rollingStd', 'deviation of the last so many values', ({ deviation }) => deviation);

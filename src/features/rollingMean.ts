import { moments } from './rollingMoments.ts';

/** Mean of the last n values; no value before there are n. */
export const rollingMean = moments('rollingMean', 'mean of the last so many values', ({ mean }) => mean);

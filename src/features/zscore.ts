import { moments } from './rollingMoments.ts';

/** How many deviations x is from the mean of the last n values, x among them; 0 where they are all the same. */
export const zscore = moments(
  'zscore',
  'distance from the mean of the last so many values, in their deviations',
  ({ mean, deviation }, x) => (deviation > 0 ? (x - mean) / deviation : 0),
);

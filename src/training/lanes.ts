/** Lanes: pieces of a series side by side, each with a state that runs on from segment to segment. */

/** Ticks through which gradients are carried back where states are carried on. */
export const SEGMENT = 32;

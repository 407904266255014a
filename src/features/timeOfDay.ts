const DAY = 86_400_000;

/** The time of day as an angle, 0 at midnight UTC, 2 pi a day later. */
export function timeOfDay(time: number): number {
  return (2 * Math.PI * (time - DAY * Math.floor(time / DAY))) / DAY;
}

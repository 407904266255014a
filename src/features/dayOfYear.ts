const DAY = 86_400_000;

/**
 * The angle of a day in its year, 2 * pi * d / 365.25 with d = 1 on 1 January (UTC): `sin(dayOfYear)` and
 * `cos(dayOfYear)` place a tick on the circle of the seasons.
 * @param time event time, ms since 1970 UTC
 */
export function dayOfYear(time: number): number {
  const year = new Date(time).getUTCFullYear();
  const d = Math.floor((time - Date.UTC(year, 0, 1)) / DAY) + 1;
  return (2 * Math.PI * d) / 365.25;
}

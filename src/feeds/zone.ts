/** Local times of a place. */

const OFFSET = /^[+-](?:0\d|1[0-4])(?::?[0-5]\d)?$/;

/** Turns ms that a clock of the place shows, as if it were UTC, into ms since 1970 UTC. */
export type FromLocal = (local: number) => number;

/**
 * A zone by its name (`Europe/Berlin`) or its offset (`+05:30`). Of an hour that a clock shows twice the first is taken; one
 * that it leaves out is the hour after.
 * @returns null where there is no such zone
 */
export function zoneOf(name: string): FromLocal | null {
  if (OFFSET.test(name)) {
    const digits = name.slice(1).replace(':', '').padEnd(4, '0');
    const ahead = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
    return name.startsWith('-') ? (local) => local + ahead : (local) => local - ahead;
  }
  const shown = clockOf(name);
  if (!shown) return null;
  // the clock's own offset at two guesses: the first sees the day before a change, the second the one after
  return (local) => {
    const before = local - (shown(local - DAY) - (local - DAY));
    const after = local - (shown(local + DAY) - (local + DAY));
    if (shown(before) === local) return before;
    if (shown(after) === local) return after;
    return before;
  };
}

const DAY = 86_400_000;

/** What a clock of the place shows at a time, as ms since 1970 as if it were UTC. */
function clockOf(name: string): ((time: number) => number) | null {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  } catch {
    return null;
  }
  return (time) => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(time)) parts[type] = Number(value);
    const { year, month, day, hour, minute, second } = parts as Record<string, number>;
    const whole = Date.UTC(year!, month! - 1, day!, hour, minute, second);
    return whole + (((time % 1000) + 1000) % 1000);
  };
}

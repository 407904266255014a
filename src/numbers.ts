/** How numbers are written for people: U+2212 as minus, a narrow no-break space between thousands and before units. */

export const MINUS = '\u2212';
export const THIN = '\u202f';
const MAX_DECIMALS = 8;

/**
 * Decimals that show two significant digits of a spread (a typical error, a deviation).
 * With the decimals in use so far they change only once the spread has clearly left their range, so that columns rest.
 * @param spread in the unit shown; not finite or zero keeps `previous`
 */
export function decimalsFor(spread: number, previous: number | null = null): number {
  if (!(spread > 0) || spread === Number.POSITIVE_INFINITY) return previous ?? 2;
  if (previous !== null) {
    const kept = shift(spread, previous);
    if (kept >= 8 && (kept < 150 || previous === 0)) return previous;
  }
  let decimals = 0;
  while (decimals < MAX_DECIMALS && shift(spread, decimals) < 10) decimals++;
  return decimals;
}

/** `value` at these decimals: `−1 234.5`. Never a minus before zero; `–` for what is not a number. */
export function figure(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return '\u2013';
  const [whole, rest] = Math.abs(value).toFixed(decimals).split('.') as [string, string | undefined];
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, THIN) + (rest ? `.${rest}` : '');
  return value < 0 && /[1-9]/.test(digits) ? MINUS + digits : digits;
}

/** A difference: `figure` with its sign, which zero has not. */
export function signed(value: number, decimals: number): string {
  const text = figure(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A figure with its unit: `9.6 %`. */
export function withUnit(text: string, unit: string): string {
  return unit === '' ? text : `${text}${THIN}${unit}`;
}

/** The word for differences of a quantity: differences of percentages are points. */
export function differenceUnit(unit: string): string {
  return unit === '%' ? 'points' : unit;
}

/** A difference with its unit, sign left to the caller: `0.7 points`, `0.7 °C`. */
export function difference(text: string, unit: string): string {
  const word = differenceUnit(unit);
  if (word === '') return text;
  return word === 'points' ? `${text} points` : withUnit(text, word);
}

/** `value` as it is shown, as a number: figures that must add up are added after this. */
export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

function shift(value: number, decimals: number): number {
  for (let i = 0; i < decimals; i++) value *= 10;
  return value;
}

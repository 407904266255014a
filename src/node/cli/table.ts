/**
 * Lays out rows as text columns two blanks apart.
 * @param header names of the columns
 * @param align `<` or `>` a column
 */
export function table(header: string[], rows: string[][], align: string): string {
  const lines = [header, ...rows];
  const widths = header.map((_, c) => lines.reduce((width, line) => Math.max(width, line[c]!.length), 0));
  return lines
    .map((line) =>
      line
        .map((cell, c) => (align[c] === '<' ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Five significant digits. */
export function short(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(5)));
}

/** A time in ms since 1970 as `2020-04-17`, or with its clock where it has one. */
export function when(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const text = date.toISOString();
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.replace('.000Z', 'Z');
}

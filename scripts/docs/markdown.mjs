/** One row of a Markdown table. */
export const row = (...cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** A table's head and the line below it. */
export const head = (...names) => [row(...names), row(...names.map(() => '---'))];

export const code = (names) => names.map((name) => `\`${name}\``).join(', ');

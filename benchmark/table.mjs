/** One row of a table; columns may be wider than their heads. */
export function row(...cells) {
  return `| ${cells.map((cell, i) => cell.padEnd(i === 0 ? 18 : 24)).join(' | ')} |`;
}

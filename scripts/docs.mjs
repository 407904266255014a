/**
 * Writes the tables of the pages in docs/ from the registries, so that they cannot drift from the code.
 * `--check` only says whether they are up to date. Needs `npm run build:lib` first.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { methodTables } from './docs/methods.mjs';
import { modelTables } from './docs/models.mjs';

const pages = { methods: methodTables, models: modelTables };
const [BEGIN, END] = ['<!-- tables: npm run docs -->', '<!-- /tables -->'];

for (const [name, tables] of Object.entries(pages)) {
  const page = new URL(`../docs/${name}.md`, import.meta.url);
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest.split(END)[1];
  const written = `${before}${BEGIN}\n${tables()}\n${END}${after}`;
  if (!process.argv.includes('--check')) writeFileSync(page, written);
  else if (written !== text) {
    process.stderr.write(`docs/${name}.md is not what the code says: npm run docs\n`);
    process.exitCode = 1;
  }
}

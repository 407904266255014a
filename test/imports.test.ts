import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = (folder: string): string[] =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `${folder}/${name}`);
const source = files('src');
const web = files('web');
const read = (file: string): string => readFileSync(`${root}${file}`, 'utf8');
/** What a file imports: packages as they are, files as paths from the project's root. */
const imports = (file: string): string[] =>
  Array.from(read(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g), ([, target]) =>
    target!.startsWith('.') ? new URL(target!, `file:///${file}`).pathname.slice(1) : target!,
  );
const offenders = (among: string[], wrong: (target: string, file: string) => boolean): string[] =>
  among.flatMap((file) =>
    imports(file)
      .filter((target) => wrong(target, file))
      .map((target) => `${file} imports ${target}`),
  );
const under = (...folders: string[]): string[] =>
  source.filter((file) => folders.some((f) => file.startsWith(`src/${f}`)));

it('only src/node knows the machine', () => {
  const engine = source.filter((file) => !file.startsWith('src/node/'));
  expect(offenders(engine, (target) => target.startsWith('node:') || target.startsWith('src/node/'))).toEqual([]);
  expect(engine.filter((file) => /\b(Buffer|process|__dirname)\s*[.([]/.test(code(file)))).toEqual([]);
});

it('web and src/node never import each other', () => {
  expect(offenders(web, (target) => target.startsWith('node:') || target.startsWith('src/node/'))).toEqual([]);
  expect(offenders(source, (target) => target.startsWith('web/'))).toEqual([]);
});

it('the loader has one importer', () => {
  const all = [...source, ...web];
  expect(all.filter((file) => imports(file).includes('@assemblyscript/loader'))).toEqual(['src/kernels.ts']);
});

it('features, drift and alerts know no model', () => {
  const beside = under('features/', 'drift/', 'alerts/');
  expect(offenders(beside, (target) => /^src\/(model|methods|explainer|recording|feeds|stream)/.test(target))).toEqual(
    [],
  );
});

it('feeds know ticks only', () => {
  expect(
    offenders(under('feeds/'), (target) =>
      /^src\/(model|methods|explainer|drift|alerts|recording|stream)/.test(target),
    ),
  ).toEqual([]);
});

it('models know no method; methods, trust and training no engine', () => {
  expect(
    offenders(under('model/'), (t) =>
      /^src\/(methods|trust|training|explainer|features|stream|recording|feeds)/.test(t),
    ),
  ).toEqual([]);
  expect(
    offenders(under('methods/', 'trust/', 'training/'), (t) =>
      /^src\/(explainer|stream|recording|feeds|drift|alerts)/.test(t),
    ),
  ).toEqual([]);
});

it('RxJS stays out of the hot path', () => {
  const hot = under('model/', 'methods/', 'training/', 'features/', 'drift/', 'explainer');
  expect(offenders(hot, (target) => target.startsWith('rxjs'))).toEqual([]);
});

it('nothing that could be recorded takes functions whose bits differ between engines', () => {
  const forbidden =
    /Math\.(log|log1p|log2|log10|exp|expm1|tanh|sinh|cosh|sin|cos|tan|asin|acos|atan|atan2|pow|cbrt|hypot|random)\b|\*\*/;
  expect(source.filter((file) => forbidden.test(code(file)))).toEqual([]);
});

it('only the edges and the feeds read the clock of the machine', () => {
  const engine = source.filter((file) => !/^src\/(node|feeds)\//.test(file));
  expect(engine.filter((file) => /Date\.now|new Date\(\)|performance\.now/.test(code(file)))).toEqual([]);
});

/** A file without its comments and strings. */
function code(file: string): string {
  return read(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

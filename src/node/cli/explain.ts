import { Command } from 'commander';
import { ConfigError, invalid } from '../../errors.ts';
import type { BaselineChoice } from '../../offline/baseline.ts';
import type { WindowExplanation } from '../../offline/explain.ts';
import type { Prepared } from '../prepare.ts';
import { type RunOptions, wholeFrom, withSources } from './options.ts';
import { note, print, printText, run } from './run.ts';
import { short, table, when } from './table.ts';

interface Options extends RunOptions {
  method: string;
  at: string;
  baseline: string;
  target?: string;
  option?: Record<string, string>;
  json?: boolean;
}

/** Ticks explained in stateful mode, unless `--window` says otherwise. */
const TICKS = 64;
/** Ticks in the table for people, the strongest ones. */
const SHOWN = 12;

/** `whytick explain DATA --model M --method NAME`: why the model says what it says at one row. */
export function explainCommand(): Command {
  return withSources(new Command('explain'))
    .description('why a model says what it says at one row')
    .option('--method <name>', 'the attribution method', 'rolling-occlusion')
    .option('--at <row>', 'the row explained, from 0', 'last')
    .option(
      '--baseline <what>',
      'what an occluded value holds: zero, mean, last, v1,v2,.. or FILE.csv, in input units',
      'zero',
    )
    .option('--target <output>', 'number or name of an output, or argmax (default: the only output, else argmax)')
    .option('--option <name=value>', 'an option of the method; may be repeated', collectOption)
    .option('--seed <n>', 'for methods that draw at random', wholeFrom(0))
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick explain demo/sp500-2000.csv --model demo/market.safetensors --method rolling-occlusion --baseline mean',
    )
    .action(run(explain));
}

async function explain(path: string, options: Options): Promise<void> {
  const [{ prepare }, { chooseMode }, offline, rows, { findMethod, methodOptions }] = await Promise.all([
    import('../prepare.ts'),
    import('../../offline/feed.ts'),
    import('../../offline/explain.ts'),
    import('./rows.ts'),
    import('../../methods/index.ts'),
  ]);
  const method = findMethod(options.method);
  const settings = methodOptions(method, options.option ?? {});
  const prepared = await prepare(path, options);
  const { kernels, spec, streams } = prepared;
  const mode = chooseMode(spec, options.mode, options.window, streams);
  const supported = method.supports(spec);
  if (supported !== true) throw new ConfigError(invalid('--method', method.name, supported));
  const chosen = rows.chooseRows(options.at, rows.answerable(streams, mode.window, prepared.data.file));
  if (chosen.length !== 1) throw new ConfigError(invalid('--at', options.at, 'one row'));
  const baseline = await chooseBaseline(options.baseline, prepared);
  prepared.notes.forEach(note);

  const started = performance.now();
  const explanation = await offline.explain(kernels, spec, chosen[0]!.ticks(), {
    ...mode,
    method,
    methodOptions: settings,
    ticks: options.window ?? TICKS,
    baseline,
    target: options.target ?? (spec.outputs.length === 1 ? '0' : 'argmax'),
    score: options.score,
  });
  const elapsedMs = performance.now() - started;
  if (!options.json) {
    printText(asText(explanation, options, prepared));
    return;
  }
  print(
    asJson(explanation, {
      method: method.name,
      mode: mode.mode,
      options: settings,
      columns: prepared.columns,
      elapsedMs,
    }),
  );
}

interface Asked {
  method: string;
  mode: string;
  options: object;
  columns: string[];
  elapsedMs: number;
}

function asJson(e: WindowExplanation, { method, mode, options, columns, elapsedMs }: Asked): Record<string, unknown> {
  return {
    method,
    mode,
    index: e.ticks.at(-1)!.row.index,
    target: e.target,
    window: e.window,
    features: columns,
    baseline: e.baseline,
    output: e.output,
    baselineOutput: e.baselineOutput,
    values: e.values && e.ticks.map((_, k) => row(e.values!, k, columns.length)),
    events: e.events,
    byFeature: null,
    segments: null,
    bySegment: null,
    players: null,
    change: null,
    since: null,
    counterfactual: null,
    attention: null,
    completenessGap: null,
    standardError: null,
    evaluations: e.evaluations,
    elapsedMs,
    options,
  };
}

function row(values: Float32Array, k: number, F: number): Float32Array {
  return values.subarray(k * F, (k + 1) * F);
}

/** The strongest ticks, newest last, with what each of their values did. */
function asText(e: WindowExplanation, { baseline, method }: Options, { spec, data, columns }: Prepared): string {
  const last = e.ticks.at(-1)!.row;
  const at = data.time === null ? `row ${last.index}` : `row ${last.index} (${when(last.time)})`;
  const head = [
    `${spec.name} at ${at}: ${spec.outputs[e.target]} = ${short(e.output)}`,
    `${short(e.baselineOutput)} if all ${e.window} ticks were at their baseline (${baseline})`,
    '',
    `${method}: output minus output without; positive pushed it up`,
  ];
  const strength = (k: number) => Math.abs(e.events?.[k] ?? 0);
  const strongest = e.ticks
    .map((_, k) => k)
    .sort((a, b) => strength(b) - strength(a))
    .slice(0, SHOWN)
    .sort((a, b) => a - b);
  const lines = strongest.map((k) => [
    data.time === null ? String(e.ticks[k]!.row.index) : when(e.ticks[k]!.row.time),
    e.events ? short(e.events[k]!) : '',
    ...(e.values ? Array.from(row(e.values, k, columns.length), short) : []),
  ]);
  const header = [data.time === null ? 'row' : 'time', 'whole tick', ...(e.values ? columns : [])];
  const rest = e.window > SHOWN ? `\n(the ${SHOWN} strongest of ${e.window} ticks; --json gives all)` : '';
  return `${head.join('\n')}\n${table(header, lines, '<')}${rest}`;
}

/** A rule, numbers, or a file of numbers: columns named as the features, else its columns of numbers in order. */
async function chooseBaseline(text: string, { columns }: Prepared): Promise<BaselineChoice> {
  if (text === 'zero' || text === 'mean' || text === 'last') return text;
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every(Number.isFinite)) return { vector: numbers };
  const { readData } = await import('../data.ts');
  const { existsSync } = await import('node:fs');
  if (!existsSync(text))
    throw new ConfigError(invalid('--baseline', text, 'zero, mean, last, numbers such as 0,1.5 or a .csv file'));
  const data = await readData(text, {}, '--baseline');
  const names = columns.every((name) => data.columns.includes(name)) ? columns : data.columns;
  return { rows: data.rows.map(({ values }) => names.map((name) => values[name]!)), file: data.file };
}

function collectOption(text: string, options: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new ConfigError(invalid('--option', text, 'name=value'));
  return { ...options, [text.slice(0, at)]: text.slice(at + 1) };
}

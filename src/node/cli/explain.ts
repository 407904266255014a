import { Command } from 'commander';
import { ConfigError, invalid } from '../../errors.ts';
import type { BaselineChoice } from '../../offline/baseline.ts';
import type { Prepared } from '../prepare.ts';
import { explanationText } from './explanationText.ts';
import { type RunOptions, wholeFrom, withSources } from './options.ts';
import { progress } from './progress.ts';
import { note, print, printText, run } from './run.ts';

interface Options extends RunOptions {
  method: string;
  at: string;
  baseline?: string;
  seed?: number;
  target?: string;
  option?: Record<string, string>;
  json?: boolean;
}

/** Ticks explained in stateful mode, unless `--window` says otherwise. */
const TICKS = 64;

/** `whytick explain DATA --model M --method NAME`: why the model says what it says at one row. */
export function explainCommand(): Command {
  return withSources(new Command('explain'))
    .description('why a model says what it says at one row')
    .option('--method <name>', 'the attribution method', 'rolling-occlusion')
    .option('--at <row>', 'the row explained, from 0', 'last')
    .option(
      '--baseline <what>',
      'what an occluded value holds: zero, mean, last, v1,v2,.. or FILE.csv, in input units (default zero); reservoir: where the method draws',
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
  const [{ prepare }, { chooseMode }, offline, rows, { findMethod, methodOptions, explanationJson }] =
    await Promise.all([
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
  if (supported !== true) throw new ConfigError(invalid('--method', method.name, `another: ${supported}`));
  const chosen = rows.chooseRows(options.at, rows.answerable(streams, mode.window, prepared.data.file));
  if (chosen.length !== 1) throw new ConfigError(invalid('--at', options.at, 'one row'));
  const asked = options.baseline ?? (method.draws ? 'reservoir' : 'zero');
  const baseline = await chooseBaseline(asked, prepared);
  prepared.notes.forEach(note);

  const started = performance.now();
  const bar = progress(method.name);
  const explanation = await offline
    .explain(
      kernels,
      spec,
      chosen[0]!.ticks(),
      {
        ...mode,
        method,
        methodOptions: settings,
        ticks: options.window ?? TICKS,
        baseline,
        target: options.target ?? (spec.outputs.length === 1 ? '0' : 'argmax'),
        score: options.score,
        seed: options.seed ?? 0,
      },
      { progress: bar.update },
    )
    .finally(bar.end);
  const elapsedMs = performance.now() - started;
  explanation.notes?.forEach(note);
  if (!options.json) {
    printText(explanationText(explanation, { method: method.name, baseline: asked }, prepared));
    return;
  }
  print(
    explanationJson(explanation, {
      method: method.name,
      mode: mode.mode,
      index: explanation.ticks.at(-1)!.row.index,
      window: explanation.window,
      features: prepared.columns,
      baseline: explanation.baseline,
      elapsedMs,
      options: settings,
    }),
  );
}

/** A rule, numbers, or a file of numbers: columns named as the features, else its columns of numbers in order. */
async function chooseBaseline(text: string, { columns }: Prepared): Promise<BaselineChoice> {
  if (text === 'zero' || text === 'mean' || text === 'last' || text === 'reservoir') return text;
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

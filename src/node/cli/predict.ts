import { Command, Option } from 'commander';
import { ConfigError, invalid } from '../../errors.ts';
import type { Internal, Prediction } from '../../offline/predict.ts';
import type { Prepared } from '../prepare.ts';
import { type RunOptions, withSources } from './options.ts';
import { note, print, printText, run } from './run.ts';
import { short, table, when } from './table.ts';

interface Options extends RunOptions {
  at: string;
  internals?: string;
  json?: boolean;
  ndjson?: boolean;
}

/** `whytick predict DATA --model M`: what the model says, row by row. */
export function predictCommand(): Command {
  return withSources(new Command('predict'))
    .description('what a model says, row by row')
    .option('--at <rows>', 'last, all, or row numbers from 0 with commas between them', 'all')
    .option('--internals <list>', 'also what layers hold: hidden, cell, gates, attention')
    .option('--json', 'one JSON document')
    .addOption(new Option('--ndjson', 'one JSON object a row').conflicts('json'))
    .addHelpText(
      'after',
      '\nExample:\n  $ whytick predict demo/sp500-2000.csv --model demo/market.safetensors --at last --json',
    )
    .action(run(predict));
}

async function predict(path: string, options: Options): Promise<void> {
  const [{ prepare }, { chooseMode }, offline, rows] = await Promise.all([
    import('../prepare.ts'),
    import('../../offline/feed.ts'),
    import('../../offline/predict.ts'),
    import('./rows.ts'),
  ]);
  const internals = chooseInternals(options.internals, offline.INTERNALS);
  const prepared = await prepare(path, options);
  const { kernels, spec, streams } = prepared;
  const mode = chooseMode(spec, options.mode, options.window, streams);
  const chosen = rows.chooseRows(options.at, rows.answerable(streams, mode.window, prepared.data.file));
  prepared.notes.forEach(note);

  const wanted = options.at === 'all' ? null : new Set(chosen.map(({ index }) => index));
  const predictions: Prediction[] = [];
  const asked = { ...mode, score: options.score, internals, rows: wanted };
  for await (const prediction of offline.predict(kernels, spec, streams, asked)) predictions.push(prediction);
  predictions.sort((a, b) => a.tick.row.index - b.tick.row.index);
  if (options.json) {
    print({
      model: spec.name,
      mode: mode.mode,
      outputs: spec.outputs,
      rows: predictions.map((p) => asRow(p, prepared)),
    });
  } else if (options.ndjson) {
    for (const prediction of predictions) print(asRow(prediction, prepared));
  } else {
    printText(asTable(predictions, prepared));
    if (internals.length > 0) note('--internals are shown with --json or --ndjson');
  }
}

function asRow({ tick: { row }, key, output, internals }: Prediction, { data }: Prepared): Record<string, unknown> {
  return { index: row.index, time: row.time, ...(data.key === null ? {} : { key }), output, ...internals };
}

function asTable(predictions: Prediction[], { spec, data }: Prepared): string {
  const keyed = data.key !== null;
  const timed = data.time !== null;
  const header = ['row', ...(timed ? ['time'] : []), ...(keyed ? ['key'] : []), ...spec.outputs];
  const rows = predictions.map(({ tick: { row }, key, output }) => [
    String(row.index),
    ...(timed ? [when(row.time)] : []),
    ...(keyed ? [key] : []),
    ...Array.from(output, short),
  ]);
  return table(header, rows, `>${timed ? '<' : ''}${keyed ? '<' : ''}`);
}

function chooseInternals(list: string | undefined, known: readonly Internal[]): Internal[] {
  if (list === undefined) return [];
  return list.split(',').map((text) => {
    const name = text.trim();
    if (!known.includes(name as Internal))
      throw new ConfigError(invalid('--internals', name, `some of ${known.join(', ')}`));
    return name as Internal;
  });
}

import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ConfigError, invalid } from '../../errors.ts';
import type { Report } from '../../training/index.ts';
import { interruption } from './lifetime.ts';
import { numberFrom, wholeFrom } from './options.ts';
import { note, print, printText, run } from './run.ts';
import { short, table } from './table.ts';
import { ENDED, ending } from './trainEnding.ts';
import { TrainProgress } from './trainProgress.ts';

interface Options {
  target: string;
  out: string;
  columns?: string;
  time?: string;
  key?: string;
  horizon: number;
  window: number | 'stateful';
  layers: string;
  loss: 'mse' | 'mae' | 'huber';
  epochs: number;
  patience: number;
  batch: number;
  rate: number;
  seed: number;
  split: [number, number, number];
  workers: number;
  resume?: boolean;
  report?: string;
  force?: boolean;
  json?: boolean;
}

/** `whytick train DATA --target COL --out M`: a model of one's own, and whether it is any good. */
export function trainCommand(): Command {
  return new Command('train')
    .description('trains a model on recorded data and says how good it is on the part it has not seen')
    .argument('<data>', 'a .csv (header row), .ndjson, .parquet or .mcap file, or - for CSV or NDJSON on stdin')
    .requiredOption('--target <what>', 'what the model should say ahead: a column or an expression such as diff(close)')
    .requiredOption('--out <file>', 'a new native .safetensors file')
    .option(
      '--columns <list>',
      'what feeds the model: columns or expressions such as logReturn(close) (default: all columns)',
    )
    .option('--time <name>', 'the time column (default: one named time, timestamp, date, datetime or ts)')
    .option('--key <name>', 'the column that tells streams apart')
    .option('--horizon <ticks>', 'how far ahead', wholeFrom(1), 1)
    .option('--window <ticks>', 'T, ticks that the model sees, or stateful: a state that runs on', windowOf, 'stateful')
    .option('--layers <list>', 'lstm:64,lstm:32 and the like; a Dense layer gives the output', 'lstm:32')
    .addOption(new Option('--loss <loss>', 'what is made small').choices(['mse', 'mae', 'huber']).default('mse'))
    .option('--epochs <n>', 'passes over the training part, at most', wholeFrom(1), 200)
    .option('--patience <n>', 'epochs without a better validation loss after which it ends', wholeFrom(1), 20)
    .option('--batch <n>', 'windows or lanes of a step', wholeFrom(1), 32)
    .option('--rate <x>', 'learning rate of Adam', numberFrom(1e-8, 1), 0.005)
    .option('--seed <n>', 'the same seed gives the same bytes', wholeFrom(0), 0)
    .option('--split <shares>', 'training, validation and test, by time', splitOf, [0.7, 0.15, 0.15])
    .option('--workers <n>', 'threads that share each batch; another number, other bytes', wholeFrom(1), 1)
    .option('--resume', 'go on from OUT.training, which a run on the same data with the same options has left')
    .option('--report <file>', 'the report as one HTML page')
    .option('--force', 'replace a file that is there already')
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      `
Sums are taken in an order that depends on --workers: the same number gives the same bytes on every machine. That is why the
default is 1 whatever the machine has; 2 on free cores take little more than half the time where batches are large.

While it runs, OUT.training holds where it stands. Ctrl-C keeps the best epoch so far as OUT, and --resume goes on from that
file to the bytes of a run that was never stopped. A run that has done all its epochs leaves it, too: --resume with more
--epochs goes on. It is removed where going on would change nothing: --patience is over, or the loss is no number any more.

Example:
  $ whytick train demo/seattle-weather.csv --target temp_max --columns "temp_max,temp_min,wind,sin(dayOfYear),cos(dayOfYear)" --out weather.safetensors`,
    )
    .action(run(train));
}

async function train(path: string, options: Options): Promise<void> {
  const [
    { readKernels },
    { readData },
    { compileColumns, quoteColumn, splitExpressions },
    training,
    { writeNative },
    files,
    { threads },
    { checkNoTraining, identity, TrainingFile },
  ] = await Promise.all([
    import('../assets.ts'),
    import('../data.ts'),
    import('../../features/index.ts'),
    import('../../training/index.ts'),
    import('../../model/formats/index.ts'),
    import('../files.ts'),
    import('../trainCrew.ts'),
    import('../trainingFile.ts'),
  ]);
  const { out, target, horizon, layers, epochs, patience, batch, seed, workers } = options;
  const window = options.window === 'stateful' ? null : options.window;
  const { resume = false, force = false } = options;
  files.checkNew(out, '--out', force || resume);
  if (!force && !resume) checkNoTraining(out);
  if (workers > batch)
    throw new ConfigError(invalid('--workers', workers, `at most ${batch}, the windows or lanes of a step`));
  const [{ kernels }, data] = await Promise.all([readKernels(), readData(path, options)]);
  const columns = options.columns === undefined ? data.columns.map(quoteColumn) : splitExpressions(options.columns);
  data.require(compileColumns([...columns, target], kernels.math).columns());
  const progress = new TrainProgress(process.stderr, epochs);
  const stop = interruption(() => progress.note('stopping; once more ends it at once'));
  const timed = data.time !== null;
  const dataset = training.makeDataset(
    data.rows,
    { columns, target, horizon, split: options.split, timed },
    kernels.math,
  );
  for (const [reason, count] of dataset.dropped) note(`${count} rows were not fed: ${reason}`);
  const file = new TrainingFile(out, identity({ ...options, columns: columns.join(',') }, dataset), note);
  const state = resume ? await file.read() : null;
  progress.begin(state?.best.epoch);
  const goesOn = (error: unknown): never => {
    if (file.epoch > 0) note(`--resume goes on from epoch ${file.epoch}`);
    throw error;
  };
  const started = performance.now();
  const name = basename(out).replace(/\.safetensors$/, '');
  const { spec, report } = await training
    .fitModel(
      kernels,
      dataset,
      {
        ...{ name, columns, target, horizon, window, layers, epochs, patience, batch, seed },
        ...{ shares: workers, crew: threads(kernels.module), resume: state },
        watch: (one) => progress.step(one),
        loss: { kind: options.loss },
        optimizer: { kind: 'adam', rate: options.rate, clip: 1 },
      },
      (epoch, now) => {
        progress.epoch(epoch);
        file.keep(now);
      },
      stop,
    )
    .finally(async () => {
      progress.end();
      await file.close();
    })
    .catch(goesOn);
  const elapsedMs = performance.now() - started;
  const trainedUntil = dataset.rows[dataset.stretches[0]!.validation - 1]!.time;
  const validatedUntil = dataset.rows[dataset.stretches[0]!.test - 1]!.time;
  const provenance = {
    data: data.file,
    ...{
      rows: report.rows,
      test: report.test,
      layers,
      loss: options.loss,
      rate: options.rate,
      batch,
      seed,
      epochs: report.best,
    },
    ...(timed ? { trainedUntil, validatedUntil } : {}),
    ...(workers > 1 ? { workers } : {}),
  };
  await files.writeWhole(out, writeNative({ ...spec, provenance }), '--out').catch(goesOn);
  if (options.report !== undefined) {
    const facts = { model: name, data: data.file, target, horizon, features: columns, layers, timed };
    await files.writeWhole(options.report, new TextEncoder().encode(training.reportPage(report, facts)), '--report');
  }
  if (report.stopped === 'patience' || report.stopped === 'diverged') await file.remove();
  for (const text of [...report.warnings, ...ending(report, out, options.rate, file.epoch)]) note(text);
  if (options.json) print(asJson(out, options, columns, report, elapsedMs));
  else printText(asText(out, report, elapsedMs));
}

function asJson(
  model: string,
  { target, horizon }: Options,
  features: string[],
  report: Report,
  elapsedMs: number,
): object {
  const { rows, epochs, test } = report;
  return { model, target, horizon, features, rows, epochs, test, elapsedMs };
}

function asText(out: string, { rows, epochs, best, stopped, test }: Report, elapsedMs: number): string {
  const percent = (share: number): string => `${short(100 * share)} %`;
  const lines = [
    ['error (RMSE)', short(test.rmse)],
    ['mean absolute error', short(test.mae)],
    ['less squared error than "as now"', percent(test.skillVsPersistence)],
    ['than "as now" and the usual change', percent(test.skillVsDrift)],
    ['than a ridge regression on the same ticks', percent(test.skillVsLinear)],
    ['held by the adaptive 90 % interval', percent(test.intervalCoverage)],
  ];
  return [
    `${out}: ${rows.train} ticks learnt from, ${rows.validation} to choose by, ${rows.test} to measure on`,
    `epoch ${best} of ${epochs.length} kept (${ENDED[stopped]}), ${(elapsedMs / 1000).toFixed(1)} s`,
    '',
    table(['on the test part', ''], lines, '<>'),
    '',
    `whytick explain DATA --model ${out}   why it says what it says`,
  ].join('\n');
}

function windowOf(text: string): number | 'stateful' {
  return text === 'stateful' ? text : wholeFrom(1)(text);
}

function splitOf(text: string): [number, number, number] {
  const shares = text.split(',').map(Number);
  if (shares.length === 3 && shares.every((share) => share > 0 && share < 1)) return shares as [number, number, number];
  throw new InvalidArgumentError('Expected three shares that make 1, such as .7,.15,.15.');
}

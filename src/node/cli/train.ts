import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ConfigError, invalid } from '../../errors.ts';
import type { LossOptions } from '../../training/index.ts';
import { interruption } from './lifetime.ts';
import { numberFrom, wholeFrom } from './options.ts';
import { note, print, printText, run } from './run.ts';
import { ending } from './trainEnding.ts';
import { TrainProgress } from './trainProgress.ts';
import { reportJson, reportText } from './trainReport.ts';

/** Reasons for dropped rows that are printed. */
const REASONS = 5;

interface Options {
  target: string;
  out: string;
  columns?: string;
  time?: string;
  key?: string;
  horizon: number;
  window: number | 'stateful';
  layers: string;
  loss?: LossOptions['kind'];
  tau?: number[];
  season?: number;
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
    .requiredOption(
      '--target <what>',
      'what the model should say ahead: a column or an expression such as diff(close) or diff(close) > 0',
    )
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
    .addOption(
      new Option(
        '--loss <loss>',
        'what is made small (default: mse; binary-crossentropy where the target is a comparison or is(x, value))',
      ).choices(['mse', 'mae', 'huber', 'quantile', 'binary-crossentropy', 'categorical-crossentropy']),
    )
    .option('--tau <list>', 'quantiles of --loss quantile (default: .1,.5,.9)', tausOf)
    .option(
      '--season <ticks>',
      'after which the target repeats itself, for the report (default: looked for)',
      wholeFrom(2),
    )
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

Examples:
  $ whytick train demo/seattle-weather.csv --target temp_max --columns "temp_max,temp_min,wind,sin(dayOfYear),cos(dayOfYear)" --out weather.safetensors
  $ whytick train demo/sp500-2000.csv --target "diff(close) > 0" --columns "logReturn(close),log(high/low)" --out up.safetensors`,
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
  const [{ kernels, hash }, data] = await Promise.all([readKernels(), readData(path, options)]);
  const columns = options.columns === undefined ? data.columns.map(quoteColumn) : splitExpressions(options.columns);
  if (options.columns === undefined) for (const why of data.leftOut) note(`left out: ${why}`);
  data.require(compileColumns([...columns, target], kernels.math).columns());
  const progress = new TrainProgress(process.stderr, epochs);
  const stop = interruption(() => progress.note('stopping; once more ends it at once'));
  const timed = data.time !== null;
  const dataset = training.makeDataset(
    data.rows,
    { columns, target, horizon, split: options.split, timed, window },
    kernels.math,
  );
  for (const why of droppedRows(dataset.dropped)) note(why);
  const file = new TrainingFile(out, identity({ ...options, columns: columns.join(',') }, dataset, hash), note);
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
        ...lossOf(options),
        ...{ season: options.season ?? null, timed },
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
  // of several keys the latest
  const until = (part: 'validation' | 'test'): number => {
    const some = dataset.series.filter((one) => one[part] > one.from);
    return some.reduce((latest, one) => Math.max(latest, dataset.rows[one[part] - 1]!.time), Number.NEGATIVE_INFINITY);
  };
  const provenance = {
    data: data.file,
    ...{
      rows: report.rows,
      test: { ...report.test, ...report.classes },
      layers,
      loss: report.loss,
      rate: options.rate,
      batch,
      seed,
      epochs: report.best,
    },
    ...(timed ? { trainedUntil: until('validation'), validatedUntil: until('test') } : {}),
    ...(workers > 1 ? { workers } : {}),
  };
  await files.writeWhole(out, writeNative({ ...spec, provenance }), '--out').catch(goesOn);
  if (options.report !== undefined) {
    const facts = { model: name, data: data.file, target, horizon, features: columns, layers, timed };
    await files.writeWhole(options.report, new TextEncoder().encode(training.reportPage(report, facts)), '--report');
  }
  if (report.stopped === 'patience' || report.stopped === 'diverged') await file.remove();
  for (const text of [...report.warnings, ...ending(report, out, options.rate, file.epoch)]) note(text);
  if (options.json) print(reportJson(out, { target, horizon, features: columns }, report, elapsedMs));
  else printText(reportText(out, report, elapsedMs));
}

/** The loss that was asked for. @throws ConfigError for quantiles of another loss */
function lossOf({ loss, tau }: Options): { loss?: LossOptions } {
  if (tau && loss !== 'quantile') throw new ConfigError(invalid('--tau', tau.join(','), '--loss quantile beside it'));
  return loss ? { loss: { kind: loss, ...(tau ? { tau } : {}) } } : {};
}

/** The most frequent reasons, and how many there were beside them: some name a value, so that each is another one. */
function droppedRows(dropped: ReadonlyMap<string, number>): string[] {
  const reasons = [...dropped].sort(([, a], [, b]) => b - a);
  const rest = reasons.slice(REASONS).reduce((sum, [, count]) => sum + count, 0);
  const said = reasons.slice(0, REASONS).map(([reason, count]) => `${count} rows were not fed: ${reason}`);
  return rest > 0 ? [...said, `${rest} more rows were not fed for like reasons`] : said;
}

function windowOf(text: string): number | 'stateful' {
  return text === 'stateful' ? text : wholeFrom(1)(text);
}

function splitOf(text: string): [number, number, number] {
  const shares = text.split(',').map(Number);
  if (shares.length === 3 && shares.every((share) => share > 0 && share < 1)) return shares as [number, number, number];
  throw new InvalidArgumentError('Expected three shares that make 1, such as .7,.15,.15.');
}

function tausOf(text: string): number[] {
  const taus = text.split(',').map(Number);
  if (taus.every((tau) => tau > 0 && tau < 1)) return taus;
  throw new InvalidArgumentError('Expected shares between 0 and 1, such as .1,.5,.9.');
}

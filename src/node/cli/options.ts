import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Sources } from '../prepare.ts';

/** Options of every command that runs a model over DATA. */
export interface RunOptions extends Sources {
  mode?: 'stateful' | 'windowed';
  window?: number;
  score: 'raw' | 'probability' | 'logit';
}

/** What a model may be, for help texts. */
export const MODEL =
  'a native .safetensors, a Keras .keras or .h5, a TensorFlow.js model.json, a PyTorch .safetensors or .pt state dict, or an .onnx';
export const ARCHITECTURE = 'JSON: which modules the tensors of a PyTorch state dict belong to, where it does not show';

/** Adds DATA, `--model` and what says how the one feeds the other. */
export function withSources(command: Command): Command {
  return command
    .argument('<data>', 'a .csv (header row), .ndjson, .parquet or .mcap file, or - for CSV or NDJSON on stdin')
    .requiredOption('--model <file>', MODEL)
    .option('--architecture <file>', ARCHITECTURE)
    .option('--columns <list>', 'what feeds the model, in order: columns or expressions such as logReturn(close)')
    .option('--time <name>', 'the time column (default: one named time, timestamp, date, datetime or ts)')
    .option('--key <name>', 'the column that tells streams apart')
    .addOption(
      new Option('--mode <mode>', 'how the model runs (default: as its file says)').choices(['stateful', 'windowed']),
    )
    .option('--window <ticks>', 'T of a windowed run, and the most ticks that an explanation covers', wholeFrom(1))
    .addOption(
      new Option('--score <score>', 'which output: as the file gives it, after or before the final activation')
        .choices(['raw', 'probability', 'logit'])
        .default('raw'),
    );
}

/** A parser of whole numbers from `least` on. */
export function wholeFrom(least: number): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`Expected a whole number from ${least} on.`);
  };
}

/** A parser of numbers from `least` to `most`. */
export function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
  };
}

/** A parser of port numbers; 0 means any free one. */
export function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('Expected a port from 0 to 65535.');
}

/** Gathers an option that may be given several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

import { basename } from 'node:path';
import { DataError, invalid } from '../errors.ts';
import { compileColumns, splitExpressions } from '../features/index.ts';
import type { Kernels } from '../kernels.ts';
import { readModel } from '../model/formats/index.ts';
import { badToken, vocabularyOf } from '../model/layers/embedding.ts';
import type { ModelSpec } from '../model/spec.ts';
import { chooseColumns, feed, type Stream } from '../offline/feed.ts';
import { readKernels } from './assets.ts';
import { type Data, readData } from './data.ts';
import { readBeside, readNamedFile } from './files.ts';

/** Where DATA and MODEL come from, as typed. */
export interface Sources {
  model: string;
  architecture?: string;
  columns?: string;
  time?: string;
  key?: string;
}

/** A model and the rows that feed it. */
export interface Prepared {
  kernels: Kernels;
  spec: ModelSpec;
  /** The expressions that feed the model (F). */
  columns: string[];
  data: Data;
  streams: Stream[];
  /** Remarks for stderr: rows that were left out, and why. */
  notes: string[];
}

/**
 * Reads a model file, with the shards that it names in its own folder.
 * @param architecture a JSON file that says which modules the tensors of a state dict belong to
 * @throws ConfigError where it cannot be read, ModelError for what is wrong inside
 */
export async function openModel(path: string, what = '--model', architecture?: string): Promise<ModelSpec> {
  const [bytes, described] = await Promise.all([
    readNamedFile(path, what),
    architecture === undefined ? undefined : readNamedFile(architecture, '--architecture'),
  ]);
  return readModel(bytes, basename(path), {
    beside: (name) => readBeside(path, name),
    architecture: described && { text: new TextDecoder().decode(described), file: basename(architecture!) },
  });
}

/**
 * Reads a model and a data file and evaluates what feeds the model, row by row.
 * @throws ConfigError, ModelError or DataError for whatever does not fit
 */
export async function prepare(path: string, sources: Sources): Promise<Prepared> {
  const spec = await openModel(sources.model, '--model', sources.architecture);
  const [{ kernels }, data] = await Promise.all([readKernels(), readData(path, sources)]);
  const asked = sources.columns === undefined ? null : splitExpressions(sources.columns);
  const columns = chooseColumns(spec, asked, data.columns, data.leftOut);
  data.require(compileColumns(columns, kernels.math).columns());
  const { streams, dropped } = feed(data.rows, columns, data.time !== null, kernels.math);
  checkTokens(spec, streams, data.file);
  const notes = describeDropped(dropped);
  if (streams.every(({ ticks }) => ticks.length === 0)) {
    throw new DataError(
      invalid(data.file, `${data.rows.length} rows, ${notes[0] ?? 'none of them fed'}`, 'a row that feeds the model'),
    );
  }
  return { kernels, spec, columns, data, streams, notes };
}

/** @throws DataError for a value that is no token of a model that takes tokens */
function checkTokens(spec: ModelSpec, streams: Stream[], file: string): void {
  const V = vocabularyOf(spec);
  if (V === null) return;
  for (const { row, x } of streams.flatMap(({ ticks }) => ticks)) {
    const wrong = badToken(x[0]!, V, `${file} row ${row.index} token`);
    if (wrong) throw new DataError(wrong);
  }
}

function describeDropped(dropped: Map<string, number>): string[] {
  if (dropped.size === 0) return [];
  const total = [...dropped.values()].reduce((sum, count) => sum + count);
  const [[reason, count]] = [...dropped].sort((a, b) => b[1] - a[1]) as [[string, number]];
  const more = dropped.size > 1 ? `, and ${dropped.size - 1} other reasons` : '';
  return [`${total} ${total === 1 ? 'row was' : 'rows were'} not fed: ${reason} (${count})${more}`];
}

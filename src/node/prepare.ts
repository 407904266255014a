import { basename } from 'node:path';
import { DataError, invalid } from '../errors.ts';
import { compileColumns, splitExpressions } from '../features/index.ts';
import type { Kernels } from '../kernels.ts';
import { readModel } from '../model/formats/index.ts';
import type { ModelSpec } from '../model/spec.ts';
import { chooseColumns, feed, type Stream } from '../offline/feed.ts';
import { readKernels } from './assets.ts';
import { type Data, readData } from './data.ts';
import { readNamedFile } from './files.ts';

/** Where DATA and MODEL come from, as typed. */
export interface Sources {
  model: string;
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
 * Reads a model file.
 * @throws ConfigError where it cannot be read, ModelError for what is wrong inside
 */
export async function openModel(path: string, what = '--model'): Promise<ModelSpec> {
  return readModel(await readNamedFile(path, what), basename(path));
}

/**
 * Reads a model and a data file and evaluates what feeds the model, row by row.
 * @throws ConfigError, ModelError or DataError for whatever does not fit
 */
export async function prepare(path: string, sources: Sources): Promise<Prepared> {
  const spec = await openModel(sources.model);
  const [{ kernels }, data] = await Promise.all([readKernels(), readData(path, sources)]);
  const asked = sources.columns === undefined ? null : splitExpressions(sources.columns);
  const columns = chooseColumns(spec, asked, data.columns, data.leftOut);
  data.require(compileColumns(columns, kernels.math).columns());
  const { streams, dropped } = feed(data.rows, columns, data.time !== null, kernels.math);
  const notes = describeDropped(dropped);
  if (streams.every(({ ticks }) => ticks.length === 0)) {
    throw new DataError(
      invalid(data.file, `${data.rows.length} rows, ${notes[0] ?? 'none of them fed'}`, 'a row that feeds the model'),
    );
  }
  return { kernels, spec, columns, data, streams, notes };
}

function describeDropped(dropped: Map<string, number>): string[] {
  if (dropped.size === 0) return [];
  const total = [...dropped.values()].reduce((sum, count) => sum + count);
  const [[reason, count]] = [...dropped].sort((a, b) => b[1] - a[1]) as [[string, number]];
  const more = dropped.size > 1 ? `, and ${dropped.size - 1} other reasons` : '';
  return [`${total} ${total === 1 ? 'row was' : 'rows were'} not fed: ${reason} (${count})${more}`];
}

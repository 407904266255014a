import { basename, dirname, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { type Config, parseConfig } from '../config.ts';
import { ConfigError, invalid } from '../errors.ts';
import './feeds/index.ts';
import { readNamedFile } from './files.ts';

/**
 * Reads a config file (YAML, and so JSON). Paths in it are taken relative to the file.
 * @throws ConfigError naming file, line and field
 */
export async function readConfigFile(path: string): Promise<Config> {
  const file = basename(path);
  const text = new TextDecoder().decode(await readNamedFile(path, 'CONFIG'));
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw notYaml(`${file} line ${line}, column ${col}`, text.split('\n')[line - 1]!, error.message);
  }
  const config = parseConfig(resolved(document, file), (field, keys) => {
    for (let n = keys.length; n > 0; n--) {
      const node = document.getIn(keys.slice(0, n), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return `${file} line ${lineCounter.linePos(node.range[0]).line}: ${field}`;
    }
    return field === '' ? file : `${file}: ${field}`;
  });
  const beside = (named: string | null) => named && resolve(dirname(path), named);
  const { model, architecture, record, server } = config;
  return {
    ...config,
    model: beside(model),
    architecture: beside(architecture),
    record: beside(record),
    server: { ...server, tokenFile: beside(server.tokenFile) },
  };
}

/** @throws ConfigError for a `*name` that names nothing: in a password, say */
function resolved(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw notYaml(file, '*', (error as Error).message);
  }
}

/** Of the line only the name of its field, and of the message nothing that stands there: it may be a secret. */
function notYaml(place: string, line: string, message: string): ConfigError {
  const found = /^\s*((?:- )?(?:[\w.-]+:)?)/.exec(line)![1];
  return new ConfigError(invalid(place, `${found} ...`.trim(), `YAML: ${message.replace(/(?:: |%)\S.*$/s, ' ...')}`));
}

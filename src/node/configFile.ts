import { basename, dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
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
    const found = text.split('\n')[line - 1]!.trim();
    throw new ConfigError(invalid(`${file} line ${line}, column ${col}`, found, `YAML: ${error.message}`), {
      cause: error,
    });
  }
  const config = parseConfig(document.toJS(), (field, keys) => {
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

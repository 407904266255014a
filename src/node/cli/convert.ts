import { resolve } from 'node:path';
import { Command } from 'commander';
import { ConfigError, invalid } from '../../errors.ts';
import { ARCHITECTURE, MODEL } from './options.ts';
import { print, printText, run } from './run.ts';

interface Options {
  architecture?: string;
  force?: boolean;
  json?: boolean;
}

/** `whytick convert IN OUT`: any model that the kernels run, to the native format. */
export function convertCommand(): Command {
  return new Command('convert')
    .description('a model in the native format, which gives the same bytes as the original')
    .argument('<in>', MODEL)
    .argument('<out>', 'a new native .safetensors file')
    .option('--architecture <file>', ARCHITECTURE)
    .option('--force', 'replace a file that is there already')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  $ whytick convert demo/weather.keras weather.safetensors')
    .action(run(convert));
}

async function convert(path: string, out: string, options: Options): Promise<void> {
  const { architecture, force, json } = options;
  const [{ openModel }, { writeNative }, { checkNew, writeWhole }] = await Promise.all([
    import('../prepare.ts'),
    import('../../model/formats/index.ts'),
    import('../files.ts'),
  ]);
  checkNew(out, 'OUT', force === true || resolve(out) === resolve(path));
  if (resolve(out) === resolve(path)) throw new ConfigError(invalid('OUT', out, 'another file than IN'));
  const spec = await openModel(path, 'IN', architecture);
  const bytes = writeNative(spec);
  await writeWhole(out, bytes, 'OUT');
  const result = { from: spec.format, to: 'native', name: spec.name, layers: spec.layers.length, bytes: bytes.length };
  if (json) print({ file: out, ...result });
  else printText(`${out}: ${result.layers} layers from ${spec.format}, ${bytes.length} bytes`);
}

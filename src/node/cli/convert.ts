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
  const [{ openModel }, { writeNative }, { existsSync }, { writeFile, rename, rm }] = await Promise.all([
    import('../prepare.ts'),
    import('../../model/formats/index.ts'),
    import('node:fs'),
    import('node:fs/promises'),
  ]);
  if (!out.endsWith('.safetensors')) throw new ConfigError(invalid('OUT', out, 'a name that ends in .safetensors'));
  if (resolve(out) === resolve(path)) throw new ConfigError(invalid('OUT', out, 'another file than IN'));
  if (existsSync(out) && !force)
    throw new ConfigError(invalid('OUT', out, 'the name of a new file, or --force to replace it'));
  const spec = await openModel(path, 'IN', architecture);
  const bytes = writeNative(spec);
  try {
    // whoever reads OUT sees the old file or the new one, never half of it
    await writeFile(`${out}.part`, bytes);
    await rename(`${out}.part`, out);
  } catch (cause) {
    await rm(`${out}.part`, { force: true });
    throw new ConfigError(invalid('OUT', out, `a file that can be written: ${(cause as Error).message}`), { cause });
  }
  const result = { from: spec.format, to: 'native', name: spec.name, layers: spec.layers.length, bytes: bytes.length };
  if (json) print({ file: out, ...result });
  else printText(`${out}: ${result.layers} layers from ${spec.format}, ${bytes.length} bytes`);
}

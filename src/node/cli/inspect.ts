import { Command } from 'commander';
import type { LayerSpec, ModelSpec } from '../../model/spec.ts';
import { print, printText, run } from './run.ts';
import { table, when } from './table.ts';

/** `whytick inspect MODEL`: what a model file holds. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('what a model is')
    .argument('<model>', 'a native .safetensors, a Keras .keras, or a PyTorch .safetensors state dict')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  $ whytick inspect demo/market.safetensors')
    .action(run(inspect));
}

async function inspect(path: string, { json }: { json?: boolean }): Promise<void> {
  const [{ openModel }, { methods }, { widthOf, parameterCount }] = await Promise.all([
    import('../prepare.ts'),
    import('../../methods/index.ts'),
    import('../../model/formats/check.ts'),
  ]);
  const spec = await openModel(path, 'MODEL');
  const layers = spec.layers.map((layer) => ({
    name: layer.name,
    kind: layer.kind,
    inputs: layer.inputs,
    units: widthOf(layer),
    parameters: parameterCount(layer),
    ...details(layer),
  }));
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  if (!json) {
    printText(asText(spec, layers, parameters));
    return;
  }
  const { format, name, inputs, outputs, features, target, horizon, mode, window, provenance } = spec;
  const supported = Object.fromEntries(methods.map((method) => [method.name, method.supports(spec)]));
  const model = { format, name, layers, parameters, inputs, outputs, features, target, horizon, mode, window };
  print({ ...model, methods: supported, provenance });
}

/** What else there is to say of one kind of layer. */
function details(layer: LayerSpec): Record<string, unknown> {
  if (layer.kind === 'lstm') return { sequences: layer.sequences };
  if (layer.kind === 'dense') return { activation: layer.activation };
  return layer.kind === 'dropout' ? { rate: layer.rate } : {};
}

interface LayerLine {
  name: string;
  kind: string;
  inputs: number;
  units: number;
  parameters: number;
}

function asText(spec: ModelSpec, layers: LayerLine[], parameters: number): string {
  const rows = layers.map((layer) => [
    layer.name,
    layer.kind,
    ...[layer.inputs, layer.units, layer.parameters].map(String),
  ]);
  const T = spec.window === null ? '' : `, ${spec.window} ticks`;
  const ahead = spec.horizon === 1 ? '1 tick ahead' : `${spec.horizon} ticks ahead`;
  const { trainedUntil } = spec.provenance ?? {};
  const lines = [
    `${spec.name} (${spec.format}, ${spec.mode}${T}): ${parameters} parameters`,
    `inputs    ${spec.features?.join(', ') ?? `${spec.inputs}, not named by the file: use --columns`}`,
    `outputs   ${spec.outputs.join(', ')}`,
    ...(spec.target ? [`predicts  ${spec.target.expression}, ${ahead}`] : []),
    ...(typeof trainedUntil === 'number' ? [`trained   until ${when(trainedUntil)}`] : []),
    '',
    table(['layer', 'kind', 'inputs', 'units', 'parameters'], rows, '<<'),
  ];
  return lines.join('\n');
}

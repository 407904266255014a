import { Command } from 'commander';
import { visible } from '../../errors.ts';
import type { Method } from '../../methods/index.ts';
import type { LayerSpec, ModelSpec } from '../../model/spec.ts';
import type { Wired } from '../../model/wiring.ts';
import { ARCHITECTURE, MODEL } from './options.ts';
import { print, printText, run } from './run.ts';
import { table, when } from './table.ts';

interface Options {
  architecture?: string;
  json?: boolean;
}

/** `whytick inspect MODEL`: what a model file holds. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('what a model is')
    .argument('<model>', MODEL)
    .option('--architecture <file>', ARCHITECTURE)
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  $ whytick inspect demo/market.safetensors')
    .action(run(inspect));
}

async function inspect(path: string, { json, architecture }: Options): Promise<void> {
  const [{ openModel }, { methods }, { wire, whyWindowed, receptiveTicks }, { parameterCount }] = await Promise.all([
    import('../prepare.ts'),
    import('../../methods/index.ts'),
    import('../../model/wiring.ts'),
    import('../../model/formats/check.ts'),
  ]);
  const spec = await openModel(path, 'MODEL', architecture);
  const wired = spec.blackBox ? [] : wire(spec, path);
  const layers = wired.map((one) => describe(one, parameterCount(one.layer)));
  const report: Report = {
    spec,
    layers,
    parameters: spec.blackBox?.parameters ?? layers.reduce((sum, { parameters }) => sum + parameters, 0),
    why: whyWindowed(spec),
    receptive: spec.blackBox ? spec.window : receptiveTicks(wired, spec.mode === 'windowed' ? spec.window : null),
    methods,
  };
  if (json) print(asJson(report));
  else printText(asText(report));
}

interface Layer {
  name: string;
  kind: string;
  /** Values a tick of what feeds it, and of what it gives. */
  inputs: number;
  units: number;
  parameters: number;
  /** Shapes without the batch; `ticks` is the axis of time. */
  inputShapes: (number | 'ticks')[][];
  outputShape: (number | 'ticks')[];
  /** Where its inputs come from. */
  from: string[];
}

interface Report {
  spec: ModelSpec;
  layers: Layer[];
  parameters: number;
  /** Why it runs on windows only, or null. */
  why: string | null;
  receptive: number | null;
  methods: readonly Method[];
}

function describe({ layer, from, inputs, outputs }: Wired, parameters: number): Layer {
  const shape = (axes: readonly number[]): (number | 'ticks')[] => axes.map((n) => (n < 0 ? 'ticks' : n));
  return {
    name: layer.name,
    kind: layer.kind,
    inputs: layer.inputs,
    units: outputs[0]!.at(-1)!,
    parameters,
    inputShapes: inputs.map(shape),
    outputShape: shape(outputs[0]!),
    from: from.map(({ layer: source, output }) => `${source ?? 'input'}${output > 0 ? ` output ${output}` : ''}`),
    ...details(layer),
  };
}

/** The plain fields of a layer: its options, without its weights. */
function details(layer: LayerSpec): Record<string, unknown> {
  const { kind, name, inputs, from, ...rest } = layer;
  return Object.fromEntries(
    Object.entries(rest).filter(([key, value]) => key !== 'units' && value != null && !ArrayBuffer.isView(value)),
  );
}

function asJson({ spec, layers, parameters, why, receptive, methods }: Report): Record<string, unknown> {
  const { format, name, inputs, outputs, features, target, horizon, mode, window, provenance, blackBox } = spec;
  return {
    format,
    name,
    layers,
    parameters,
    inputs,
    outputs,
    features,
    target,
    horizon,
    mode,
    window,
    streams: why === null,
    whyWindowed: why,
    receptiveTicks: receptive,
    blackBox: blackBox ? { reason: blackBox.reason, operators: blackBox.operators } : null,
    methods: Object.fromEntries(methods.map((method) => [method.name, method.supports(spec)])),
    provenance,
  };
}

function asText({ spec, layers, parameters, why, receptive, methods }: Report): string {
  const show = (axes: (number | 'ticks')[]): string => `[${axes.join(', ')}]`;
  const rows = layers.map(({ name, kind, inputShapes, outputShape, parameters: own }) =>
    [name, kind, inputShapes.map(show).join(' '), show(outputShape), String(own)].map(visible),
  );
  const T = spec.window === null ? '' : `, ${spec.window} ticks`;
  const ahead = spec.horizon === 1 ? '1 tick ahead' : `${spec.horizon} ticks ahead`;
  const { trainedUntil } = spec.provenance ?? {};
  const open = why === null ? 'all ticks since its state was zero' : 'all ticks of its window: --window says how many';
  const looksBack = receptive === null ? open : `${receptive} ticks`;
  const said = [
    `${spec.name} (${spec.format}, ${spec.mode}${T}): ${parameters} parameters`,
    `inputs    ${spec.features?.join(', ') ?? `${spec.inputs}, not named by the file: use --columns`}`,
    `outputs   ${spec.outputs.join(', ')}`,
    ...(spec.target ? [`predicts  ${spec.target.expression}, ${ahead}`] : []),
    ...(typeof trainedUntil === 'number' ? [`trained   until ${when(trainedUntil)}`] : []),
    `runs      ${why === null ? 'on a stream, or on windows' : `on windows only: ${why}`}`,
    `looks at  ${looksBack}`,
    ...methods.map((method) => {
      const supported = method.supports(spec);
      return `method    ${method.name}${supported === true ? '' : `: no, ${supported}`}`;
    }),
  ];
  const lines = said.map(visible);
  if (spec.blackBox) {
    const { reason, operators } = spec.blackBox;
    return [...lines, '', `a black box of ${operators.join(', ')}`, `not run by the kernels because ${reason}`].join(
      '\n',
    );
  }
  return [...lines, '', table(['layer', 'kind', 'takes', 'gives', 'parameters'], rows, '<<<<')].join('\n');
}

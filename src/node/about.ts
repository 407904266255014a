/** What a dashboard is told of a session once, at the beginning. */
import type { EngineConfig } from '../engine.ts';
import { saysValue } from '../explainer/interval.ts';
import { targetIndex } from '../explainer.ts';
import { createBaseline } from '../methods/baseline.ts';
import { shapleyPlan } from '../methods/rollingShapley.ts';
import type { ModelSpec } from '../model/spec.ts';
import { type Display, type Hello, WIRE_VERSION } from '../wire.ts';
import { describeMethods } from './onDemand.ts';
import { packageVersion } from './version.ts';

export interface About {
  session: Hello['session'];
  /** How the stream is called. */
  stream: string;
  spec: ModelSpec;
  config: EngineConfig;
}

/** The greeting, without the speed, which may change. */
export function describe({ session, stream, spec, config }: About): Omit<Hello, 'speed'> {
  const { explain, columns } = config;
  const mode = explain.mode ?? spec.mode;
  const { kind } = createBaseline(explain.baseline, spec);
  return {
    type: 'hello',
    wire: WIRE_VERSION,
    version: packageVersion(),
    session,
    stream,
    model: spec.name,
    features: (columns ?? spec.features ?? []).map((name, i) => {
      const known = columns === null ? spec.display?.features[i] : undefined;
      return display(name, known);
    }),
    target: targetOf(spec, explain.target),
    settles: spec.target !== null,
    horizon: spec.horizon,
    window: (mode === 'windowed' ? spec.window : null) ?? explain.window,
    mode,
    baseline: { kind, values: baselineValues(explain.baseline ?? kind, spec) },
    trainedUntil: timeOf(spec, 'trainedUntil'),
    validatedUntil: timeOf(spec, 'validatedUntil'),
    axis: spec.display?.axis ?? 'time',
    tickMeans: spec.display?.tickMeans ?? null,
    interval: saysValue(spec) ? (explain.interval ?? null) : null,
    shapley: shapleyOf(spec, config),
    live: explain.method === 'none' ? null : { method: explain.method, options: { eps: explain.eps } },
    recent: explain.recent,
    methods: describeMethods(spec),
  };
}

/** Where Shapley values are live: over how many worlds, and how they are estimated. */
function shapleyOf(spec: ModelSpec, { explain }: EngineConfig): Hello['shapley'] {
  const { shapley, window, mode } = explain;
  if (!shapley || (mode ?? spec.mode) !== 'stateful') return null;
  const { worlds, estimator } = shapleyPlan({ ...shapley, players: 'ticks', window, target: 0 }, spec.inputs);
  return { worlds, estimator };
}

function display(name: string, known: Omit<Display, 'name'> | undefined): Display {
  return known ? { name, ...known } : { name, label: name, unit: '', scale: 1 };
}

/** How the explained output is shown: the model's own display belongs to the output that predicts its target. */
function targetOf(spec: ModelSpec, target: EngineConfig['explain']['target']): Display | null {
  const output = targetIndex(spec, target ?? undefined);
  if (spec.target?.output === output) return display(spec.target.expression, spec.display?.target);
  return spec.outputs.length > 1 ? display(spec.outputs[output]!, undefined) : null;
}

/** The baseline in input units, where it is one vector that is known beforehand; else empty. */
function baselineValues(baseline: string | number[], spec: ModelSpec): number[] {
  if (Array.isArray(baseline)) return baseline;
  if (baseline === 'zero') return new Array<number>(spec.inputs).fill(0);
  return baseline === 'mean' && spec.mean ? Array.from(spec.mean) : [];
}

function timeOf(spec: ModelSpec, name: string): number | null {
  const time = spec.provenance?.[name];
  return typeof time === 'number' ? time : null;
}

/** What an engine is told: plain JSON, the same in a config file and in a recording. */
import { z } from 'zod';
import { ruleSchema } from '../alerts/index.ts';
import { check } from '../check.ts';
import { mappingSchema } from '../feeds/mappingSchema.ts';
import { venueMappingSchema } from '../feeds/venues/mapping.ts';

/** Shapley values of ticks beside the attribution: see `ShapleyOptions`. */
export const shapleySchema = z.strictObject({
  branches: z.int().min(1).max(65_536).default(1024),
  estimator: z.enum(['auto', 'worlds', 'regression']).default('auto'),
  seed: z.int().min(0).default(0),
});

/** Intervals around predictions: see `LiveInterval`. */
export const intervalSchema = z.strictObject({ coverage: z.number().min(0.5).max(0.99).default(0.9) });

/** The model goes on learning from its stream: see `LiveAdaptation`. */
export const adaptSchema = z.strictObject({
  steps: z.int().min(1).max(64).default(1),
  rate: z.number().positive().max(0.1).default(1e-5),
  ticks: z.int().min(1).max(1024).default(32),
});

/** How the model runs and is explained; see `ExplainerOptions`. Null: as the model's file says. */
export const explainSchema = z.strictObject({
  method: z.enum(['rolling-occlusion', 'none']).default('rolling-occlusion'),
  window: z.int().min(1).default(64),
  eps: z.number().nonnegative().default(1e-6),
  baseline: z
    .union([z.enum(['zero', 'mean', 'last']), z.array(z.number())])
    .nullable()
    .default(null),
  target: z
    .union([z.int().min(0), z.string()])
    .nullable()
    .default(null),
  mode: z.enum(['stateful', 'windowed']).nullable().default(null),
  score: z.enum(['raw', 'probability', 'logit']).default('raw'),
  /** Null: none. Absent: none, but where it is shown live (`serve`) and the model has a state of its own. */
  shapley: shapleySchema.nullable().optional(),
  /** Null: none. Absent: none, but where the model runs live (`serve`, `record`) and names its target. */
  interval: intervalSchema.nullable().optional(),
  /** Null or absent: the model stays as it is. */
  adapt: adaptSchema.nullable().optional(),
  /** Ticks of each stream that dashboards can ask about again. */
  recent: z.int().min(0).max(1_000_000).default(1024),
});

/** A mapping of one's own, or a venue's: by whether it names one. */
const anyMapping = z
  .unknown()
  .transform((value, context): z.infer<typeof mappingSchema | typeof venueMappingSchema> => {
    const named = typeof value === 'object' && value !== null && 'venue' in value;
    const result = named ? venueMappingSchema.safeParse(value) : mappingSchema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) context.issues.push({ ...issue, input: value } as never);
    return z.NEVER;
  }) as unknown as z.ZodType<
  z.infer<typeof mappingSchema | typeof venueMappingSchema>,
  z.input<typeof mappingSchema | typeof venueMappingSchema>
>;

export const engineSchema = z.strictObject({
  mapping: anyMapping,
  /** Expressions that feed the model; null: the model's own. */
  columns: z.array(z.string()).nullable().default(null),
  explain: explainSchema.prefault({}),
  alerts: z.array(ruleSchema).default([]),
});

export type ExplainConfig = z.infer<typeof explainSchema>;
/** As a person writes it: what has a default may be left out. */
export type EngineInput = z.input<typeof engineSchema>;
export type EngineConfig = z.infer<typeof engineSchema>;

/**
 * Checks a configuration and fills in the defaults.
 * @throws ConfigError naming the first field that is wrong
 */
export function parseEngineConfig(config: unknown): EngineConfig {
  return check(engineSchema, config, (path) => path || 'configuration');
}

import { z } from 'zod';
import { createDetector } from '../drift/index.ts';

/** A rule as a config file gives it. Unknown fields, detectors and options are refused. */
export const ruleSchema = z
  .strictObject({
    name: z.string().min(1),
    /** Signal path: `residual`, or `input.` and the name of a feature or column. */
    on: z.union([z.literal('residual'), z.string().regex(/^input\../s)], {
      error: "expected 'residual' or 'input.<feature>'",
    }),
    standardise: z
      .strictObject({ from: z.int().min(2) })
      .nullable()
      .default(null),
    detector: z.string(),
    options: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])).default({}),
    severity: z.enum(['critical', 'warning']).default('warning'),
    /** Seconds on the engine's clock after which a firing rule without a further pulse is normal again. */
    keepFiringFor: z.number().positive().max(1e7),
  })
  .check(({ value, issues }) => {
    try {
      createDetector(value.detector, value.options);
    } catch (error) {
      issues.push({ code: 'custom', input: value, path: ['detector'], message: (error as Error).message });
    }
  });

export type RuleConfig = z.infer<typeof ruleSchema>;

import { ConfigError, invalid } from '../errors.ts';
import { ablation } from './ablation.ts';
import { attention } from './attention.ts';
import { augmentedOcclusion } from './augmentedOcclusion.ts';
import { counterfactual } from './counterfactual.ts';
import { delta } from './delta.ts';
import { expectedGradients } from './expectedGradients.ts';
import { integratedGradients } from './integratedGradients.ts';
import { kernelShap } from './kernelShap.ts';
import { lagBand } from './lagBandOffline.ts';
import { lime } from './lime.ts';
import { lrp } from './lrp.ts';
import type { Method, OptionValue } from './method.ts';
import { occlusion } from './occlusion.ts';
import { rollingOcclusion } from './rollingOcclusionOffline.ts';
import { rollingShapley } from './rollingShapleyOffline.ts';
import { inputXGradient, saliency } from './saliency.ts';
import { shapley } from './shapley.ts';
import { shapleySampling } from './shapleySampling.ts';
import { smoothGrad } from './smoothGrad.ts';
import { temporalIntegratedGradients } from './temporalIntegratedGradients.ts';
import { temporalOcclusion } from './temporalOcclusion.ts';
import { timeshap } from './timeshap.ts';

export { ask, type ExplainedOutput } from './ask.ts';
export { explanationJson } from './json.ts';
export type {
  Answer,
  Baselines,
  Method,
  Options,
  OptionValue,
  PlayerValue,
  Question,
  Run,
} from './method.ts';
export { chooseTarget } from './target.ts';

/** Attribution methods, alphabetical. */
export const methods: readonly Method[] = [
  ablation,
  attention,
  augmentedOcclusion,
  counterfactual,
  delta,
  expectedGradients,
  inputXGradient,
  integratedGradients,
  kernelShap,
  lagBand,
  lime,
  lrp,
  occlusion,
  rollingOcclusion,
  rollingShapley,
  saliency,
  shapley,
  shapleySampling,
  smoothGrad,
  temporalIntegratedGradients,
  temporalOcclusion,
  timeshap,
];

/** @throws ConfigError for an unknown name, with the known ones */
export function findMethod(name: string): Method {
  const method = methods.find((candidate) => candidate.name === name);
  if (!method) throw new ConfigError(invalid('--method', name, `one of ${methods.map((m) => m.name).join(', ')}`));
  return method;
}

/**
 * A method's options: its defaults with what was asked for in their place.
 * @param asked texts by name, as typed
 * @throws ConfigError for an option the method has not, or a value of another type
 */
export function methodOptions(method: Method, asked: Readonly<Record<string, string>>): Record<string, OptionValue> {
  const options: Record<string, OptionValue> = { ...method.options };
  for (const [name, text] of Object.entries(asked)) {
    if (!Object.hasOwn(method.options, name)) {
      throw new ConfigError(
        invalid(`--option ${name}`, text, `one of ${method.name}'s options ${Object.keys(options).join(', ')}`),
      );
    }
    options[name] = parseLike(method.options[name]!, text, `--option ${name}`);
  }
  return options;
}

function parseLike(example: OptionValue, text: string, path: string): OptionValue {
  if (typeof example === 'string') return text;
  if (typeof example === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw new ConfigError(invalid(path, text, 'true or false'));
  }
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw new ConfigError(invalid(path, text, 'a number'));
  return value;
}

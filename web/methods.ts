/** How methods are called on the page, and in which order they are offered. */
import type { Hello, WireMethod } from '../src/wire.ts';

const NAMES: Record<string, string> = {
  'kernel-shap': 'KernelSHAP',
  timeshap: 'TimeSHAP',
  lime: 'LIME',
  lrp: 'LRP',
  'smooth-grad': 'SmoothGrad',
  'input-x-gradient': 'Input × gradient',
  delta: 'What changed since',
  'rolling-shapley': 'Rolling Shapley',
  'shapley-sampling': 'Shapley, sampled',
  shapley: 'Shapley, exact',
};

/** Families in the order of the menu: what needs the fewest words comes first. */
const FAMILIES = ['perturbation', 'gradient', 'Shapley', 'surrogate', 'attention', 'counterfactual'];

/** Methods whose numbers are slopes, not differences of the output. */
const SLOPES = ['saliency', 'smooth-grad'];

export interface MenuGroup {
  family: string;
  methods: WireMethod[];
}

/** `Integrated gradients`. */
export function methodName(name: string): string {
  const known = NAMES[name];
  if (known) return known;
  const words = name.replaceAll('-', ' ');
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

export function isSlope(method: string): boolean {
  return SLOPES.includes(method);
}

/** The methods beside the live one, by family. */
export function menu({ methods, live }: Hello): MenuGroup[] {
  const families = [...new Set([...FAMILIES, ...methods.map(({ family }) => family)])];
  return families
    .map((family) => ({
      family,
      methods: methods.filter((method) => method.family === family && method.name !== live?.method),
    }))
    .filter((group) => group.methods.length > 0);
}

/** What the keys 2 to 9 choose, as far as they explain this model; the rest of the menu follows. */
const FIRST = [
  'integrated-gradients',
  'kernel-shap',
  'timeshap',
  'lime',
  'shapley',
  'attention',
  'counterfactual',
  'delta',
];

/** What the keys 1 to 9 choose: the live method (null), then the best known ones that explain this model. */
export function numbered(hello: Hello): (string | null)[] {
  const names = menu(hello).flatMap(({ methods }) =>
    methods.filter(({ supported }) => supported === true).map(({ name }) => name),
  );
  const known = FIRST.filter((name) => names.includes(name));
  return [null, ...new Set([...known, ...names])].slice(0, 9);
}

import { ConfigError, invalid } from '../errors.ts';
import { Model } from '../model/graph.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { Answer, Method } from './method.ts';

const ATTENDS = ['additive-attention', 'attention', 'multi-head-attention'];

/** What the attention layers of a model look at, and what they take from it. */
export const attention: Method = {
  name: 'attention',
  summary: "the weights of the model's own attention, a head each, and the context that they make",
  about: {
    family: 'attention',
    question: 'Which ticks does the attention layer look at for this output?',
    cost: 'one run of the window',
    baselines: 'none',
    caveat:
      'a weight says where a layer looks, not what it does with it: other weights may give the same output. Compare with occlusion',
    source: 'Bahdanau et al. 2015; Jain & Wallace 2019; Wiegreffe & Pinter 2019',
  },
  options: {},
  supports(spec: ModelSpec) {
    if (spec.blackBox) return 'a black box shows no weights';
    return spec.layers.some(({ kind }) => ATTENDS.includes(kind)) || `${spec.name} has no attention layer`;
  },
  async explain(question): Promise<Answer[]> {
    const { kernels, spec, score, before, ticks, targets } = question;
    const supported = attention.supports(spec);
    if (supported !== true) throw new ConfigError(invalid('--method', 'attention', `another: ${supported}`));
    const K = ticks.length;
    const model = new Model(kernels, spec, { score, window: before.length + K });
    for (const x of [...before, ...ticks]) model.stepOne(x);
    const heads = model.attention().flat();
    const wrong = heads.find(({ length }) => length !== before.length + K);
    if (wrong)
      throw new ConfigError(
        invalid(
          '--method',
          'attention',
          `another: a layer attends to ${wrong.length} things that are not the window's ticks`,
        ),
      );
    const context = model.contexts();
    const notes = [`Attention: ${attention.about.caveat}.`];
    return targets.map(() => ({
      attention: heads.map((head) => head.slice(before.length)),
      context,
      notes,
      evaluations: K,
    }));
  },
};

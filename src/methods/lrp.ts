import { Relevance, whyNoRelevance } from '../model/relevance.ts';
import { whyWindowed } from '../model/wiring.ts';
import type { Answer, Method } from './method.ts';
import { flat } from './worlds.ts';

/** Layer-wise relevance propagation: `../model/relevance.ts` has the rules. */
export const lrp: Method = {
  name: 'lrp',
  summary: 'the output handed back layer by layer to the values that it came from (epsilon rule; gates get nothing)',
  about: {
    family: 'gradient',
    question: 'From which values did the output flow, were gates only doses of it?',
    cost: 'one run and one run back',
    baselines: 'none (zero is implied)',
    caveat: 'biases and the state before the window keep their share: the gap says how much is missing',
    source: 'Bach et al. 2015; Arras et al. 2017, 2019',
  },
  options: { epsilon: 0.001 },
  supports(spec) {
    const reason = whyNoRelevance(spec);
    return reason === null || `relevance does not reach its inputs: ${reason}`;
  },
  async explain(question, options): Promise<Answer[]> {
    const { kernels, spec, score, before, ticks, start, targets } = question;
    const F = spec.inputs;
    // a model that needs its window takes the ticks before as the window's first
    const head = whyWindowed(spec) === null ? [] : before;
    const window = flat([...head, ...ticks], F);
    const K = window.length / F;
    const relevance = new Relevance(kernels, spec, { ticks: K, score, window: K });
    if (head !== before) relevance.begin(before, start);
    return targets.map((target) => {
      const { output, values, state } = relevance.run(window, target, Number(options.epsilon));
      const own = values.slice(head.length * F);
      const sum = own.reduce((total, value) => total + value, 0);
      return { values: own, stateRelevance: state, completenessGap: sum + state - output, evaluations: 2 * K };
    });
  },
};

/** Table of docs/methods.md: the registry of methods, in the words of each. */
import { methods } from '../../dist/methods/index.js';
import { code, head, row } from './markdown.mjs';

const lstm = { kind: 'lstm', name: 'lstm', inputs: 2, units: 2, sequences: true };
const dense = { kind: 'dense', name: 'dense', inputs: 2, units: 1, activation: 'linear' };
const attention = {
  kind: 'attention',
  name: 'attention',
  inputs: 2,
  score: 'dot',
  causal: false,
  from: [
    { layer: 'lstm', output: 0 },
    { layer: 'lstm', output: 0 },
  ],
};
const embedding = { kind: 'embedding', name: 'embedding', inputs: 1, vocabulary: 9, units: 2, maskZero: false };
const spec = { inputs: 2, outputs: ['y'], mode: 'stateful', window: null, layers: [lstm, dense] };

/** What a method is asked whether it can explain it. */
const samples = {
  layers: spec,
  attention: {
    ...spec,
    mode: 'windowed',
    window: 8,
    layers: [lstm, attention, { kind: 'last', name: 'last', inputs: 2 }, dense],
  },
  tokens: { ...spec, inputs: 1, layers: [embedding, lstm, dense] },
  'black boxes': { ...spec, mode: 'windowed', layers: [], blackBox: { axes: 3, reason: '', operators: [] } },
};

/** `any model`, or those that it can explain. */
function explains({ supports }) {
  const able = Object.entries(samples).flatMap(([name, sample]) => (supports(sample) === true ? [name] : []));
  return able.length === Object.keys(samples).length ? 'any model' : able.join(', ');
}

/** Names with their defaults; one that has none is still to be given. */
const optionsOf = (options) =>
  code(
    Object.entries(options).map(([name, value]) => (value === '' || Number.isNaN(value) ? name : `${name}=${value}`)),
  );

export function methodTables() {
  return [
    ...head('method', 'family', 'question', 'cost', 'explains', 'options', 'baselines', 'mind', 'source'),
    ...methods.map((method) => {
      const { family, question, cost, baselines, caveat, source } = method.about;
      const options = optionsOf(method.options);
      return row(`\`${method.name}\``, family, question, cost, explains(method), options, baselines, caveat, source);
    }),
  ].join('\n');
}

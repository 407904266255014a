import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors.ts';
import { TICKS } from '../../src/model/shape.ts';
import { Wiring } from '../../src/model/wiring.ts';
import { type Fields, from, layer, rnn, wired } from './wires.ts';

describe('wiring refuses', () => {
  const two = Float32Array.of(1, 2);
  const dense = (more: object): Fields => ({
    kind: 'dense',
    name: 'd',
    inputs: 2,
    units: 1,
    activation: 'linear',
    ...more,
  });

  it.each<[string, Fields[], string]>([
    ['a name twice', [rnn('a', 2, 2), rnn('a', 2, 2)], "m a: 'a' (expected a name that no other layer has)"],
    [
      'an unknown source',
      [dense({ from: from('x') })],
      "m d from: 'x output 0' (expected an output of a layer before)",
    ],
    ['itself', [dense({ from: from('d') })], "m d from: 'd output 0' (expected an output of a layer before)"],
    ['an output that is not', [rnn('a', 2, 2), dense({ from: from(['a', 2]) })], "m d from: 'a output 2'"],
    ['another output of the input', [dense({ from: [{ layer: null, output: 1 }] })], "m d from: 'null output 1'"],
    ['no input', [dense({ from: [] })], "m d from: 'nothing' (expected at least one input)"],
    ['a wrong width', [dense({ inputs: 3 })], 'm d inputs: 3 (expected 2, what the layer below gives)'],
    [
      'a wrong width of several',
      [{ kind: 'concatenate', name: 'c', inputs: 2, from: from(null, null) }],
      'm c inputs: 2 (expected 4, what the layer below gives)',
    ],
    ['two inputs for one', [dense({ from: from(null, null) })], "m d inputs: '2 of them' (expected one)"],
    [
      'an unknown activation',
      [dense({ activation: 'maxout' })],
      "m d activation: 'maxout' (expected one of linear, relu",
    ],
    [
      'a gate that looks at the whole row',
      [rnn('a', 2, 2, { activation: 'softmax' })],
      "m a activation: 'softmax' (expected an activation that works value by value)",
    ],
    [
      'an unknown gate',
      [{ kind: 'lstm', name: 'a', inputs: 2, units: 2, sequences: true, recurrentActivation: 'gate' }],
      "m a recurrentActivation: 'gate' (expected one of linear",
    ],
    [
      'a slope where there is none',
      [{ kind: 'activation', name: 'a', inputs: 2, activation: 'relu', alpha: 0.1 }],
      'm a alpha: 0.1 (expected nothing: relu has none)',
    ],
    [
      'a vector where a sequence is needed',
      [rnn('a', 2, 2, { sequences: false }), rnn('b', 2, 2)],
      "m b inputs: '[2]' (expected a sequence of shape [ticks, values])",
    ],
    [
      'a convolution over a vector',
      [
        rnn('a', 2, 2, { sequences: false }),
        { kind: 'conv1d', name: 'b', inputs: 2, units: 1, size: 1, dilation: 1, activation: 'relu' },
      ],
      "m b inputs: '[2]' (expected a sequence of shape [ticks, values])",
    ],
    [
      'more than a token a tick',
      [{ kind: 'embedding', name: 'e', inputs: 2, vocabulary: 3, units: 2, maskZero: false }],
      "m e inputs: '[ticks, 2]' (expected one token a tick: [ticks, 1])",
    ],
    [
      'a sequence to be repeated',
      [{ kind: 'repeat', name: 'r', inputs: 2, count: 3 }],
      "m r inputs: '[ticks, 2]' (expected a vector)",
    ],
    [
      'to lay out ticks of which the number is unknown',
      [{ kind: 'flatten', name: 'f', inputs: 2 }],
      "m f inputs: '[ticks, 2]' (expected a known number of ticks: the model fixes none)",
    ],
    [
      'other values in a row',
      [{ kind: 'reshape', name: 'r', inputs: 2, shape: [TICKS, 3] }],
      "m r shape: '[ticks, 3]' (expected as many values as [ticks, 2])",
    ],
    ...[[], [1, 2, 1], [0, 2], [2, TICKS]].map((shape): [string, Fields[], string] => [
      `the shape ${JSON.stringify(shape)}`,
      [{ kind: 'reshape', name: 'r', inputs: 2, shape }],
      `m r shape: ${JSON.stringify(shape)} (expected one or two axes)`,
    ]),
    [
      'one input to merge',
      [{ kind: 'merge', name: 'm', inputs: 2, operation: 'add', from: from(null) }],
      "m m inputs: '1 of them' (expected two or more)",
    ],
    [
      'to subtract three',
      [{ kind: 'merge', name: 'm', inputs: 2, operation: 'subtract', from: from(null, null, null) }],
      "m m inputs: '3 of them' (expected two)",
    ],
    [
      'to merge other shapes',
      [rnn('a', 2, 3), { kind: 'merge', name: 'm', inputs: 3, operation: 'add', from: from('a', null) }],
      "m m inputs: '[ticks, 2]' (expected the shape [ticks, 3])",
    ],
    [
      'a vector beside a sequence',
      [rnn('a', 2, 2), { kind: 'concatenate', name: 'c', inputs: 4, from: from('a', ['a', 1]) }],
      "m c inputs: '[2]' (expected a shape that differs from [ticks, 2] in the last axis only)",
    ],
    [
      'one input to attend',
      [{ kind: 'attention', name: 'a', inputs: 2, score: 'dot', from: from(null) }],
      "m a inputs: '1 of them' (expected query, value and maybe key)",
    ],
    [
      'a query of another width',
      [rnn('q', 2, 3), { kind: 'attention', name: 'a', inputs: 3, score: 'dot', from: from('q', null) }],
      "m a inputs: '[ticks, 3]' (expected a query as wide as the key [ticks, 2])",
    ],
    [
      'a scale of another width',
      [{ kind: 'additive-attention', name: 'a', inputs: 2, scale: two.subarray(0, 1), from: from(null, null) }],
      "m a scale: '1 values' (expected 2)",
    ],
    [
      'a value of another width',
      [
        {
          kind: 'multi-head-attention',
          name: 'a',
          inputs: 2,
          units: 2,
          valueInputs: 3,
          keyInputs: 2,
          from: from(null, null),
        },
      ],
      'm a valueInputs: 3 (expected 2, the width of the value)',
    ],
    [
      'a key of another width',
      [
        {
          kind: 'multi-head-attention',
          name: 'a',
          inputs: 2,
          units: 2,
          valueInputs: 2,
          keyInputs: 3,
          from: from(null, null),
        },
      ],
      'm a keyInputs: 3 (expected 2, the width of the key)',
    ],
    [
      'a variance below zero',
      [{ kind: 'normalization', name: 'n', inputs: 2, variance: Float32Array.of(1, -1) }],
      'm n variance[1]: -1 (expected zero or more)',
    ],
    [
      'a scale that is neither one nor one each',
      [{ kind: 'rescaling', name: 'r', inputs: 2, scale: new Float32Array(3), offset: two }],
      "m r scale: '3 values' (expected 1 or 2)",
    ],
  ])('%s', (_, layers, message) => {
    const build = () => wired(2, layers);
    expect(build).toThrow(ModelError);
    expect(build).toThrow(`invalid ${message}`);
  });

  it('says the shape of what there is, and of nothing else', () => {
    const wiring = new Wiring('m', 2, null);
    wiring.add(layer(rnn('a', 2, 3)));
    expect(wiring.shape({ layer: 'a', output: 1 })).toEqual([3]);
    expect(() => wiring.shape({ layer: 'b', output: 0 })).toThrow("invalid m from: 'b output 0'");
  });
});

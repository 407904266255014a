/** What the benchmarks put to the methods: models of layers made by hand, and questions about them. */

/**
 * A model of one output that is fed tick by tick.
 * @param {string} name @param {number} inputs F
 * @param {import('../src/model/spec.ts').LayerSpec[]} layers
 * @returns {import('../src/model/spec.ts').ModelSpec}
 */
export function modelOf(name, inputs, layers) {
  return {
    format: 'native',
    name,
    inputs,
    outputs: ['y'],
    layers,
    features: null,
    target: null,
    horizon: 1,
    mean: null,
    mode: 'stateful',
    window: null,
    display: null,
    provenance: null,
  };
}

/**
 * The question about output 0 of a model of layers, carried on from a zero state, after the last tick of a stream.
 * @param {import('../src/kernels.ts').Kernels} kernels @param {import('../src/model/spec.ts').ModelSpec} spec
 * @param {Float32Array[]} stream from its first tick on (each F)
 * @param {number} K ticks explained, at most
 * @param {Float32Array} baseline what an occluded cell holds (F)
 * @returns {import('../src/methods/method.ts').Question}
 */
export function question(kernels, spec, stream, K, baseline) {
  const first = Math.max(0, stream.length - K);
  const ticks = stream.slice(first);
  return {
    kernels,
    spec,
    blackBox: null,
    score: 'raw',
    targets: [0],
    windowed: false,
    start: null,
    before: stream.slice(0, first),
    ticks,
    baselines: { rows: ticks.map(() => baseline), last: null },
    history: stream,
    indices: stream.map((_, t) => t),
    background: null,
    seed: 0,
  };
}

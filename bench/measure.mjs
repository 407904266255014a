/** Timing for the benches: medians of runs that alternate with their yardstick, so that a busy machine slows both. */

/**
 * @param {(() => unknown)[]} jobs what is compared @param {{warm?: number, runs?: number}} options
 * @returns {Promise<number[]>} the median of each in ms
 */
export async function medians(jobs, { warm = 5, runs = 15 } = {}) {
  const times = jobs.map(() => []);
  for (let i = -warm; i < runs; i++) {
    for (const [j, job] of jobs.entries()) {
      const from = process.hrtime.bigint();
      const wait = job();
      if (wait instanceof Promise) await wait;
      if (i >= 0) times[j].push(Number(process.hrtime.bigint() - from) / 1e6);
    }
  }
  return times.map(median);
}

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >> 1];
}

export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

const floats = (n, next, scale) => Float32Array.from({ length: n }, () => next() * scale);

/** LSTM layers of these sizes and a Dense head with seeded weights, as the library's ModelSpec. */
export function stackedModel(F, units, O = 1, activation = 'linear', seed = 1) {
  const next = random(seed);
  let inputs = F;
  const layers = units.map((H, l) => {
    const scale = 1 / Math.sqrt(H);
    const layer = {
      kind: 'lstm',
      name: `lstm_${l}`,
      inputs,
      units: H,
      sequences: l < units.length - 1,
      kernel: floats(inputs * 4 * H, next, scale),
      recurrent: floats(H * 4 * H, next, scale),
      bias: floats(4 * H, next, scale),
    };
    inputs = H;
    return layer;
  });
  const scale = 1 / Math.sqrt(inputs);
  return {
    format: 'native',
    name: `lstm-${units.join('-')}`,
    inputs: F,
    outputs: Array.from({ length: O }, (_, o) => `y${o}`),
    features: Array.from({ length: F }, (_, i) => `x${i}`),
    target: null,
    horizon: 1,
    mean: null,
    mode: 'stateful',
    window: null,
    display: null,
    provenance: null,
    layers: [
      ...layers,
      {
        kind: 'dense',
        name: 'dense',
        inputs,
        units: O,
        activation,
        kernel: floats(inputs * O, next, scale),
        bias: floats(O, next, scale),
      },
    ],
  };
}

export const lstmModel = (F, H) => stackedModel(F, [H]);

/** One row of the table, printed as it is measured. */
export function row(what, ours, yardstick, result, bar, met) {
  const cells = [what, ours, yardstick, result, bar ?? '', met === undefined ? '' : met ? 'yes' : 'NO'];
  const widths = [66, 26, 40, 28, 12, 4];
  process.stdout.write(`| ${cells.map((cell, i) => String(cell).padEnd(widths[i])).join(' | ')} |\n`);
  return met !== false;
}

export const ms = (value) => (value < 0.1 ? `${(value * 1000).toFixed(2)} us` : `${value.toPrecision(3)} ms`);

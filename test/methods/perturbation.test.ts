import { describe, expect, it } from 'vitest';
import { LagBand, lagBandSize } from '../../src/methods/lagBand.ts';
import { Model } from '../../src/model/graph.ts';
import { expectClose } from '../golden/golden.ts';
import { kernels, random } from '../kernels.ts';
import { denseSpec, modelOf, randomModel } from '../models.ts';
import { answer, attributionCases, captumModel, fixtureL, questionAt } from './questions.ts';

// float32 against float64, as the cases' own files say
const LIMITS = { atol: 5e-6, rtol: 1e-4 };

describe.each(attributionCases)('$name', ({ tensors, question, sizes: { N, F } }) => {
  const windows = Array.from({ length: N }, (_, n) => n);

  it.each(['zero', 'mean'] as const)('occlusion and ablation as Captum, baseline %s', async (baseline) => {
    for (const n of windows) {
      const asked = question(n, baseline);
      for (const [window, name] of [
        ['1x1', 'occlusion_1x1'],
        ['1xF', 'occlusion_1xF'],
        ['4x1', 'occlusion_4x1'],
      ] as const) {
        const { values, output } = await answer('occlusion', asked, { window });
        expectClose(values!, tensors[`${name}_${baseline}`]!.row(n), LIMITS, `${name}[${n}]`);
        expectClose([output], [tensors.y!.row(n)[tensors.target!.data[n]!]!], { atol: 2e-6 }, `y[${n}]`);
      }
      const { events } = await answer('occlusion', asked, { window: '1xF' });
      const everyFeature = tensors[`occlusion_1xF_${baseline}`]!.row(n);
      expectClose(
        events!,
        everyFeature.filter((_, at) => at % F === 0),
        LIMITS,
        'events',
      );
      const { values } = await answer('ablation', asked, {});
      expectClose(values!, tensors[`feature_ablation_cell_${baseline}`]!.row(n), LIMITS, `ablation[${n}]`);
    }
  });

  it('temporal occlusion as tint, the newest tick alone and with its tunnel', async () => {
    for (const n of windows) {
      const asked = question(n, 'mean');
      const last = await answer('temporal-occlusion', asked, { tunnel: false });
      expectClose(last.values!.slice(-F), tensors.tint_temporal_occlusion_mean!.row(n), LIMITS, `last[${n}]`);
      expect(last.values!.slice(0, -F).every((value) => value === 0)).toBe(true);
      const all = await answer('temporal-occlusion', asked, {});
      expectClose(all.values!, tensors.tint_tunnel_temporal_occlusion_mean!.row(n), LIMITS, `tunnel[${n}]`);
    }
  });

  it('augmented occlusion within five standard errors of its limit over all background windows', async () => {
    const [M, T] = tensors.data!.shape as [number, number];
    const background = Array.from({ length: M }, (_, m) =>
      Array.from({ length: T }, (_, t) => Float32Array.from(tensors.data!.row(m, t))),
    );
    const samples = 60;
    for (const n of windows.slice(0, 2)) {
      const asked = { ...question(n, 'zero'), background };
      const found = await answer('augmented-occlusion', asked, { samples });
      const exact = tensors.augmented_occlusion_exact!.row(n);
      const deviation = tensors.augmented_occlusion_sd!.row(n);
      found.values!.forEach((value, at) => {
        const allowed = (5 * deviation[at]!) / Math.sqrt(samples) + 1e-6;
        expect(Math.abs(value - exact[at]!), `cell ${at} of ${n}`).toBeLessThanOrEqual(allowed);
      });
      // the standard errors are of the size that the deviations over all windows make them
      const ratio = found.standardError!.reduce((sum, e, at) => sum + (e * Math.sqrt(samples)) / deviation[at]!, 0);
      expect(ratio / exact.length).toBeGreaterThan(0.9);
      expect(ratio / exact.length).toBeLessThan(1.1);
    }
  });
});

describe('fixture L', () => {
  const { question: asked, figures } = fixtureL();
  const limits = { atol: 1e-5, rtol: 0 };

  it.each([
    ['occlusion', {}, 'occ_1x1_base'],
    ['occlusion', { window: '3xF' }, 'occ_3xD_base'],
    ['occlusion', { window: '2x1', stride: '2x1' }, 'occ_2x1_stride2_base'],
    ['ablation', { players: 'ticks' }, 'abl_event_base'],
    ['ablation', { players: 'features' }, 'abl_feature_base'],
    ['ablation', { players: 'mask:0,1' }, 'abl_feature_base'],
    ['temporal-occlusion', {}, 'tint_temporal_occlusion_last'],
  ])('%s %o', async (method, options, name) => {
    const { values, output, baselineOutput } = await answer(method, asked, options);
    expectClose(values!, figures[name]!.flat(), limits, name);
    expectClose([output, baselineOutput!], [figures['f(x)']!, figures['f(base)']!], limits, 'outputs');
  });

  it('lag-band: the nested windows of WinIT, whose figures are 2 |p - q| of p = sigmoid(4 y)', async () => {
    const rows = figures['winit_detbase_W3[t][f][lag W-1..0]'] as unknown as number[][][];
    const p = (y: number): number => 1 / (1 + Math.exp(-4 * y));
    for (let t = 1; t < asked.ticks.length; t++) {
      const then = questionAt(asked.spec, asked.ticks.slice(0, t + 1), [0.1, -0.2]);
      const { values, output } = await answer('lag-band', then, { band: 3 });
      for (let f = 0; f < 2; f++) {
        let [D, theirs] = [0, 0];
        for (let n = 0; n < Math.min(3, t); n++) {
          D += values![(t - n) * 2 + f]!;
          theirs += rows[t]![f]![2 - n]!;
          expectClose([2 * Math.abs(p(output) - p(output - D))], [theirs], limits, `t ${t}, f ${f}, n ${n}`);
        }
      }
    }
  });
});

describe('lag-band, live', () => {
  it.each([
    { F: 1, units: [3], band: 1 },
    { F: 2, units: [5], band: 4 },
    { F: 3, units: [6, 4], band: 7 },
  ])('is what the offline form says at every tick (F $F, H $units, band $band)', async ({ F, units, band }) => {
    const spec = randomModel(F, units, 2, 5);
    const next = random(2);
    const x = Array.from({ length: 3 * band + 2 }, () => Float32Array.from({ length: F }, next));
    const baseline = Float32Array.from({ length: F }, next);
    const live = new LagBand(new Model(kernels, spec, lagBandSize(band, F)), { band, target: 1 });
    const largest = x.map(() => new Float32Array(F));
    for (const [t, x_t] of x.entries()) {
      live.push(x_t, baseline);
      const K = Math.min(band, t + 1);
      const then = questionAt(spec, x.slice(0, t + 1), baseline, { K });
      const { values, change } = await answer('lag-band', then, { band }, 1);
      expect(Array.from(live.values.slice(-K * F))).toEqual(Array.from(values!));
      if (t > 0) expectClose(live.change.slice(-K * F), change!, { atol: 1e-7 }, `change at ${t}`);
      for (let k = 0; k < K; k++) {
        for (let f = 0; f < F; f++) {
          const score = Math.max(largest[t + 1 - K + k]![f]!, Math.abs(values![k * F + f]!));
          largest[t + 1 - K + k]![f] = score;
          expect(live.scores[(band - K + k) * F + f]).toBe(score);
        }
      }
    }
  });

  it('a feature that was held from the window on: on paper', async () => {
    // y = 3 x: holding x over the last ticks at 1 changes now what the newest does, older ones add nothing
    const spec = modelOf(1, 1, [
      { ...denseSpec('d', 1, 1, () => 0), kernel: Float32Array.of(3), bias: Float32Array.of(0) },
    ]);
    const { values, change, since } = await answer('lag-band', questionAt(spec, [[5], [2], [4]], [1]), { band: 3 });
    expect([...values!]).toEqual([0, 0, 9]);
    // of 3 x_t - 3 x_(t-1): -(3 * 2 - 3) comes with the tick before
    expect([...change!]).toEqual([0, -3, 9]);
    expect(since).toBe(1);
  });
});

describe('what Captum says of y = relu(s - 10) + 3 relu(s + 1) - 1, s the sum of [20, 50, 30]', () => {
  it.each([
    ['occlusion', { window: '1x1' }, 0, [80, 200, 120]],
    ['occlusion', { window: '1x2' }, 10, [200, 220, 240]],
    ['occlusion', { window: '1x2', stride: '1x2' }, 0, [280, 280, 120]],
    ['ablation', {}, 0, [80, 200, 120]],
    ['ablation', { players: 'mask:0,0,1' }, 0, [280, 280, 120]],
  ] as const)('%s %o', async (method, options, baseline, expected) => {
    const { values } = await answer(
      method,
      questionAt(captumModel(), [[20, 50, 30]], [baseline, baseline, baseline]),
      options,
    );
    expect([...values!]).toEqual(expected);
  });
});

describe('counterfactual', () => {
  /** y = x0 + 10 x1 of the newest tick, and a second output that is 60 whatever comes. */
  const spec = modelOf(2, 2, [
    {
      ...denseSpec('d', 2, 2, () => 0),
      kernel: Float32Array.of(1, 0, 10, 0),
      bias: Float32Array.of(0, 60),
    },
  ]);
  const asked = questionAt(
    spec,
    [
      [0, 0],
      [9, 8],
      [3, 2],
    ],
    [0, 0],
    { K: 2 },
  );

  it('changes the one value that is enough, no further than it must', async () => {
    const { counterfactual, output } = await answer('counterfactual', asked, { threshold: 43 });
    expect(output).toBe(23);
    expect([...counterfactual!.values.slice(0, 3)]).toEqual([9, 8, 3]);
    // 3 + 10 x1 = 43
    expect(counterfactual!.values[3]).toBeCloseTo(4, 2);
    expect(counterfactual!.output).toBeGreaterThanOrEqual(43);
  });

  it('takes the output to another class', async () => {
    const { counterfactual } = await answer('counterfactual', asked, { class: 'y0' }, 1);
    expect(counterfactual!.values[3]).toBeCloseTo(5.7, 2);
    expect(counterfactual!.output).toBe(60);
  });

  it('keeps to what the stream has shown, and to the features allowed', async () => {
    const far = await answer('counterfactual', asked, { threshold: 90 });
    expect(far.counterfactual).toBe(null);
    expect(far.notes![0]).toMatch(/^No change of up to 5 values/);
    const one = await answer('counterfactual', asked, { threshold: 30, features: '0' });
    expect(one.counterfactual).toBe(null);
    const two = await answer('counterfactual', asked, { threshold: 28, features: '0' });
    expect(two.counterfactual!.values[2]).toBeCloseTo(8, 2);
    expect((await answer('counterfactual', asked, { threshold: 85 })).counterfactual!.values[2]).toBeGreaterThan(4.9);
  });
});

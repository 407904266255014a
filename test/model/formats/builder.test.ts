import { describe, expect, it } from 'vitest';
import { type NewLayer, SpecBuilder } from '../../../src/model/formats/builder.ts';
import { TICKS } from '../../../src/model/shape.ts';
import { denseSpec, lstmSpec } from '../../models.ts';

const META = { format: 'keras', name: 'model', mode: 'stateful' } as const;
/** A layer as readers give it. */
const plain = ({ inputs: _, ...layer }: ReturnType<typeof lstmSpec> | ReturnType<typeof denseSpec>): NewLayer => layer;
const lstm = (name: string, inputs: number, units: number) => plain(lstmSpec(name, inputs, units, () => 0.5));
const dense = (name: string, inputs: number, units: number) => plain(denseSpec(name, inputs, units, () => 0.5));

describe('SpecBuilder', () => {
  it('a stack: widths are its own account, sources need not be said', () => {
    const builder = new SpecBuilder('file', 3, null);
    expect(builder.input).toEqual({ layer: null, output: 0, shape: [TICKS, 3] });
    const [sequence, h, c] = builder.add(lstm('low', 3, 4), builder.input);
    expect([sequence!.shape, h!.shape, c!.shape]).toEqual([[TICKS, 4], [4], [4]]);
    const [y] = builder.add(dense('head', 4, 2), sequence!);
    const spec = builder.finish(y!, META);
    expect(spec.layers.map(({ name, inputs, from }) => [name, inputs, from])).toEqual([
      ['low', 3, undefined],
      ['head', 4, undefined],
    ]);
    expect(spec).toMatchObject({ ...META, inputs: 3, outputs: ['head_0', 'head_1'], window: null, mean: null });
  });

  it('a graph: whatever is not the layer before is said', () => {
    const builder = new SpecBuilder('file', 3, 8);
    const [a, h] = builder.add(lstm('a', 3, 4), builder.input);
    const [b] = builder.add(lstm('b', 3, 4), builder.input);
    const [sum] = builder.add({ kind: 'merge', name: 'sum', operation: 'add' }, a!, b!);
    const [last] = builder.add({ kind: 'last', name: 'last' }, sum!);
    const [both] = builder.add({ kind: 'concatenate', name: 'both' }, last!, h!);
    const spec = builder.finish(both!, META);
    expect(spec.layers.map(({ from }) => from)).toEqual([
      undefined,
      [{ layer: null, output: 0 }],
      [
        { layer: 'a', output: 0 },
        { layer: 'b', output: 0 },
      ],
      undefined,
      [
        { layer: 'last', output: 0 },
        { layer: 'a', output: 1 },
      ],
    ]);
    expect(spec.layers.at(-1)!.inputs).toBe(8);
    expect(spec.outputs).toHaveLength(8);
  });

  it('leaves out what the output does not depend on', () => {
    const builder = new SpecBuilder('file', 3, null);
    const [a] = builder.add(lstm('a', 3, 4), builder.input);
    builder.add(dense('aside', 4, 9), a!);
    const [y] = builder.add(dense('head', 4, 1), a!);
    const { layers, outputs } = builder.finish(y!, META);
    expect(layers.map(({ name, from }) => [name, from])).toEqual([
      ['a', [{ layer: null, output: 0 }]],
      ['head', [{ layer: 'a', output: 0 }]],
    ]);
    expect(outputs).toEqual(['head']);
  });

  it('an output that is a final state, or the input, is passed on by a layer of its own', () => {
    const builder = new SpecBuilder('file', 3, null);
    const [, , c] = builder.add(lstm('a', 3, 4), builder.input);
    expect(builder.finish(c!, META).layers.at(-1)).toEqual({
      kind: 'activation',
      name: 'a_output',
      inputs: 4,
      activation: 'linear',
      from: [{ layer: 'a', output: 2 }],
    });
    expect(builder.finish(builder.input, META).layers).toMatchObject([{ kind: 'activation', inputs: 3 }]);
  });

  it("takes a first Normalization's mean as that of the inputs, and names outputs after what gives them", () => {
    const builder = new SpecBuilder('file', 2, null);
    const [x] = builder.add({ kind: 'dropout', name: 'drop', rate: 0.1 }, builder.input);
    const mean = Float32Array.of(1, 2);
    const [n] = builder.add({ kind: 'normalization', name: 'norm', mean, variance: mean }, x!);
    const [y] = builder.add({ kind: 'dropout', name: 'end', rate: 0.1 }, n!);
    const spec = builder.finish(y!, META);
    expect(spec.mean).toEqual(mean);
    expect(spec.outputs).toEqual(['norm_0', 'norm_1']);
  });

  it('refuses a layer that does not fit, naming file and layer', () => {
    const builder = new SpecBuilder('model.h5', 3, null);
    const [, h] = builder.add(lstm('a', 3, 4), builder.input);
    expect(() => builder.add(lstm('b', 4, 4), h!)).toThrow("invalid model.h5 b inputs: '[4]' (expected a sequence");
    expect(() => builder.add(lstm('a', 4, 4), h!)).toThrow("invalid model.h5 a: 'a' (expected a name");
  });

  it('refuses to finish a model that does not fit together', () => {
    const builder = new SpecBuilder('model.h5', 3, null);
    const [short] = builder.add(dense('head', 2, 1), builder.input);
    expect(() => builder.finish(short!, META)).toThrow(
      "invalid model.h5 head kernel: '2 values' (expected shape [3, 1])",
    );
  });

  it('a model is windowed where a layer needs the complete window; one that carries its state has none', () => {
    const modes = (['stateful', 'windowed'] as const).flatMap((mode) => {
      const builder = new SpecBuilder('model.h5', 3, 8);
      const [pooled] = builder.add(
        { kind: 'global-pooling', name: 'pool', operation: 'max', keep: false },
        builder.input,
      );
      const [streams] = builder.add(lstm('a', 3, 2), builder.input);
      return [pooled!, streams!].map((output) => builder.finish(output, { ...META, mode }));
    });
    expect(modes.map(({ mode, window }) => [mode, window])).toEqual([
      ['windowed', 8],
      ['stateful', null],
      ['windowed', 8],
      ['windowed', 8],
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import type { LayerSpec, ModelSpec } from '../../../src/model/spec.ts';
import { expectClose, goldenCases, goldenModel, goldenTensors, goldenWindow } from '../../golden/golden.ts';
import { type Run, reference } from '../../reference/forward.ts';
import { flat } from '../../reference/values.ts';

/** What the readers read, run by the float64 reference: a wrong layout, gate order or mask shows in every figure. */
describe.each(goldenCases('models'))('$name', ({ name, files, tensors }) => {
  const golden = goldenTensors(name);
  const listed = tensors.filter((tensor) => tensor !== 'x');

  it('lists what it holds', () => {
    expect(files.length).toBeGreaterThan(0);
    expect(listed).toContain('y_f64');
    expect(Object.keys(golden).sort()).toEqual([...tensors].sort());
  });

  it.each(files)('%s gives every figure', (file) => {
    const spec = goldenModel(name, file);
    const figures = new Figures(spec, layersOf(listed));
    for (let n = 0; n < golden.x!.shape[0]!; n++) {
      figures.run(goldenWindow(golden, n));
      for (const tensor of listed) {
        const limits = tensor.endsWith('_f64') ? { atol: 1e-8, rtol: 0 } : {};
        expectClose(figures.of(tensor), golden[tensor]!.row(n), limits, `${tensor}[${n}]`);
      }
    }
  });
});

/** Names of the recurrent layers among `<layer>.<state or gate>`, bottom first, forward before backward. */
function layersOf(tensors: string[]): string[] {
  return [...new Set(tensors.filter((tensor) => tensor.includes('.')).map((tensor) => tensor.split('.')[0]!))];
}

/** Everything that a case may list, of one window at a time. */
class Figures {
  readonly #spec: ModelSpec;
  readonly #recurrent: string[];
  readonly #model;
  readonly #scores;
  #window: Float64Array[] = [];
  #run!: Run;

  constructor(spec: ModelSpec, recurrent: string[]) {
    this.#spec = spec;
    this.#recurrent = recurrent;
    this.#model = reference(spec);
    const head = { ...spec.layers.at(-1)!, activation: 'linear' } as LayerSpec;
    this.#scores = reference({ ...spec, layers: [...spec.layers.slice(0, -1), head] });
  }

  run(window: Float64Array[]): void {
    this.#window = window;
    this.#run = this.#model.run(window);
    expect(this.#run.internals.length, 'recurrent layers').toBe(this.#recurrent.length);
  }

  of(tensor: string): Float64Array {
    switch (tensor) {
      case 'y':
      case 'y_f64':
      case 'y_ort':
        return this.#values(this.#spec.layers.at(-1)!.name);
      case 'logits_f64':
        return this.#scores.run(this.#window).output;
      case 'y_steps':
        this.#model.reset();
        return flat(this.#window.map((x) => this.#model.step(x)));
      case 'embedded':
        return this.#values(this.#named('embedding'));
      case 'conv':
        return this.#values(this.#named('conv1d'));
      case 'normalized':
        return this.#values(this.#named('normalization'));
      case 'layernorm':
        return this.#values(this.#named('layer-normalization'));
      case 'context':
        return this.#values(this.#attending);
      case 'attention':
        return flat(this.#run.attention.get(this.#attending)!.weights.flat());
      case 'attention_logits':
        return flat(this.#run.attention.get(this.#attending)!.scores.flat());
      default:
        return this.#held(tensor);
    }
  }

  get #attending(): string {
    return [...this.#run.attention.keys()][0]!;
  }

  #named(kind: LayerSpec['kind']): string {
    return this.#spec.layers.find((layer) => layer.kind === kind)!.name;
  }

  #values(layer: string): Float64Array {
    return flat(this.#run.values.get(layer)![0]!.rows);
  }

  /** A state or gate at every tick; Keras' `backward` is listed in the order in which it runs, all else in that of time. */
  #held(tensor: string): Float64Array {
    const [layer, key] = tensor.split('.') as [string, string];
    const { steps } = this.#run.internals[this.#recurrent.indexOf(layer)]!;
    const order = layer === 'backward' ? steps.toReversed() : steps;
    return flat(order.map((step) => step[key]!));
  }
}

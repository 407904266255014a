import { map, type OperatorFunction } from 'rxjs';
import type { Explainer } from '../explainer.ts';
import type { Tick } from '../types.ts';
import { defined } from './defined.ts';
import { explain } from './explain.ts';

/** What a model says at one tick; to keep. */
export interface Prediction {
  tick: Tick;
  index: number;
  /** All outputs (O), and the one that is the target. */
  output: Float32Array;
  prediction: number;
}

/**
 * Ticks to predictions. Nothing for ticks at which the model says nothing yet. With an explainer of `method: 'none'` no
 * branch but the model's own is stepped.
 *
 * ```ts
 * const explainer = new Explainer(kernels, readModel(bytes, 'market.safetensors'), { method: 'none' });
 * ticks$.pipe(predict(explainer)).subscribe(({ tick, prediction }) => console.log(tick.time, prediction));
 * ```
 */
export function predict(explainer: Explainer): OperatorFunction<Tick, Prediction> {
  return (source) =>
    source.pipe(
      explain(explainer),
      map(({ tick, index, output, prediction }) => output && { tick, index, output: output.slice(), prediction }),
      defined(),
    );
}

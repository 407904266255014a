import { map, type OperatorFunction } from 'rxjs';
import type { Explainer } from '../explainer.ts';
import type { Explanation, Tick } from '../types.ts';
import { defined } from './defined.ts';

/**
 * Ticks to what the model says at each of them, and why. Ticks for which an expression has no value yet give nothing.
 * The explanation belongs to the explainer and is overwritten by the next tick: copy what must last.
 *
 * ```ts
 * const explainer = new Explainer(kernels, readModel(bytes, 'market.safetensors'));
 * ticks$.pipe(explain(explainer)).subscribe(({ prediction, attribution }) => console.log(prediction, attribution!.events));
 * ```
 */
export function explain(explainer: Explainer): OperatorFunction<Tick, Explanation> {
  return (source) =>
    source.pipe(
      map((tick) => explainer.push(tick)),
      defined(),
    );
}

import { map, type OperatorFunction } from 'rxjs';
import { type Signal, Watch, type WatchOptions } from '../drift/watch.ts';
import type { DriftEvent } from '../types.ts';
import { defined } from './defined.ts';

/**
 * Values of a signal to the changes that a detector sees in it. Every subscription has a detector of its own.
 *
 * ```ts
 * range(0, 100)
 *   .pipe(
 *     map((i) => ({ value: i < 50 ? 0 : 1, index: i, time: i * 1000 })),
 *     detectDrift({ name: 'level', on: 'input.x', detector: 'page-hinkley', options: { threshold: 5 } }),
 *   )
 *   .subscribe(({ index, direction }) => console.log(index, direction)); // 55 up
 * ```
 */
export function detectDrift(options: WatchOptions): OperatorFunction<Signal, DriftEvent> {
  return (source) => {
    const watch = new Watch(options);
    return source.pipe(
      map((signal) => watch.update(signal)),
      defined(),
    );
  };
}

import { mergeMap, type OperatorFunction } from 'rxjs';
import type { Mapping } from '../feeds/mapping.ts';
import type { Tick } from '../types.ts';

/**
 * Messages of a feed, as received, to the ticks in them. Junk gives no tick and is told to `invalid`, with the reason.
 *
 * ```ts
 * const mapping = compileMapping({ time: { path: 'ts' }, features: { price: 'p' } });
 * of(new TextEncoder().encode('{"ts": 1700000000, "p": "101.5"}'))
 *   .pipe(mapTicks(mapping))
 *   .subscribe((tick) => console.log(tick.values)); // { price: 101.5 }
 * ```
 */
export function mapTicks(
  mapping: Mapping,
  invalid: (reason: string) => void = () => {},
): OperatorFunction<Uint8Array, Tick> {
  return mergeMap((data) => {
    const mapped = mapping.parse(data);
    for (const reason of mapped.invalid) invalid(reason);
    return mapped.ticks;
  });
}

import { filter, type OperatorFunction } from 'rxjs';

/** Leaves out nulls. */
export function defined<T>(): OperatorFunction<T | null, T> {
  return filter((value): value is T => value !== null);
}

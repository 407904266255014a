/** Where snapshots stand in a recording: a list behind its chunks. */
import { seal } from './hash.ts';

/** One of them: in the chunk at `offset`, and what `LogRecord` says of it. */
export interface SnapshotPlace {
  offset: number;
  stamp: bigint;
  time: bigint;
  /** Number of the next tick. */
  sequence: number;
}

/** Name of the metadata that holds the list. */
export const SNAPSHOTS = 'whytick snapshots';

export function listPlaces(places: readonly SnapshotPlace[]): Map<string, string> {
  const entries = places.map(({ offset, stamp, time, sequence }): [string, string] => [
    String(sequence),
    `${offset} ${stamp} ${time}`,
  ]);
  return seal(Object.fromEntries(entries));
}

/** In order; what is no place, such as the seal, is passed over. */
export function readPlaces(list: ReadonlyMap<string, string>): SnapshotPlace[] {
  return [...list].flatMap(([sequence, place]) => {
    const [offset, stamp, time] = place.split(' ');
    if (offset === undefined || stamp === undefined || time === undefined) return [];
    return [{ sequence: Number(sequence), offset: Number(offset), stamp: BigInt(stamp), time: BigInt(time) }];
  });
}

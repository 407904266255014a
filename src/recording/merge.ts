import { DataError, invalid } from '../errors.ts';
import { sameBytes } from './compare.ts';
import { Copy, checkUndamaged } from './copy.ts';
import { PART } from './part.ts';
import { provenance } from './prepare.ts';
import type { Recording } from './reader.ts';
import { channelOf, type LogRecord, SNAPSHOT } from './records.ts';
import { RECOVERED, recoveredFrom } from './recover.ts';
import { Tally } from './tally.ts';
import type { RecordingFile } from './writer.ts';

export interface Merged {
  ticks: number;
  /** Of which so many are in both. */
  shared: number;
  bytes: number;
}

const CHUNK = 256 << 10;

/**
 * Writes the union of two recordings of one configuration and one model, by stamp; what is in both is there once. Its metadata
 * say from which of the two the ticks of each stretch are, and where inputs are missing between them, as in what was recovered.
 * @throws DataError where they do not belong together, are damaged or somebody else's
 */
export async function merge(a: Recording, b: Recording, file: Pick<RecordingFile, 'write'>): Promise<Merged> {
  checkAlike(a, b);
  const holes = [await recoveredFrom(a), await recoveredFrom(b)].flatMap((recovered) => recovered?.holes ?? []);
  const parts = [await a.lookup(PART), await b.lookup(PART)];
  /** Of the first input, what a part begins with. */
  let part: Map<string, string> | null | undefined;
  /** Number of the next input, while none is missing. */
  let due: number | null = null;
  let missing = false;
  const copy = new Copy(file, a, { more: { 'whytick merge': { of: JSON.stringify([a.file, b.file]) } } });
  const tally = new Tally();
  /** Stretches of ticks of the same origin, by the stamp of their first. */
  const runs: { stamp: bigint; of: string; ticks: number }[] = [];
  let shared = 0;
  for await (const [ofA, ofB] of pairs(groups(a), groups(b))) {
    const [hasA, hasB] = [finder(ofA ?? []), finder(ofB ?? [])];
    const records = ofA && ofB ? union(ofA, ofB, b.file) : (ofA ?? ofB)!;
    if (part === undefined) part = ofA && ofB ? parts[0] && parts[1] : ofA ? parts[0] : parts[1];
    for (const record of records) {
      if (isInput(record)) {
        if (due !== null && record.sequence !== due) {
          missing = true;
          holes.push(record.stamp);
          copy.chunk();
        }
        due = record.sequence + 1;
      }
      // behind missing inputs it is the state of another session, whose ticks have the same numbers
      if (missing && record.topic === SNAPSHOT) continue;
      copy.record(record);
      tally.update(record);
      if (record.topic !== 'tick') continue;
      const [inA, inB] = [hasA(record), hasB(record)];
      if (inA && inB) shared++;
      const of = inA && inB ? '1 and 2' : inA ? '1' : '2';
      if (runs.at(-1)?.of !== of) runs.push({ stamp: record.stamp, of, ticks: 0 });
      runs.at(-1)!.ticks++;
    }
    if (copy.pending >= CHUNK) copy.chunk();
  }
  checkUndamaged(a);
  checkUndamaged(b);
  const origin = runs.map(({ stamp, of, ticks }) => [String(stamp), `${ticks} ticks of ${of}`]);
  const bytes = copy.end(tally.sealed(), {
    'whytick merge ticks': Object.fromEntries(origin),
    [RECOVERED]: { 'bytes lost': '0', holes: [...new Set(holes)].sort((x, y) => (x < y ? -1 : 1)).join(' ') },
    ...(part && { [PART]: { of: part.get('of') ?? '', first: part.get('first') ?? '' } }),
  });
  return { ticks: tally.counts.tick ?? 0, shared, bytes };
}

function checkAlike(a: Recording, b: Recording): void {
  const [first, second] = [provenance(a), provenance(b)];
  for (const what of ['config', 'model', 'kernels'] as const) {
    const [there, here] = [first[what] ?? 'none', second[what] ?? 'none'];
    if (there !== here) throw new DataError(invalid(`${b.file} ${what}`, here, `that of ${a.file}: ${there}`));
  }
}

/** An input and what it caused: records of one stamp. */
async function* groups(recording: Recording): AsyncGenerator<LogRecord[]> {
  let group: LogRecord[] = [];
  for await (const { records } of recording.chunks()) {
    for (const record of records) {
      if (group.length > 0 && record.stamp !== group[0]!.stamp) {
        yield group;
        group = [];
      }
      group.push(record);
    }
  }
  if (group.length > 0) yield group;
}

type Pair = [LogRecord[] | undefined, LogRecord[] | undefined];

/** Groups of two recordings in the order of their stamps; those of one stamp together. */
async function* pairs(a: AsyncGenerator<LogRecord[]>, b: AsyncGenerator<LogRecord[]>): AsyncGenerator<Pair> {
  const next = async (of: AsyncGenerator<LogRecord[]>) => (await of.next()).value as LogRecord[] | undefined;
  let [x, y] = [await next(a), await next(b)];
  while (x || y) {
    const [ofX, ofY] = [x?.[0]?.stamp ?? null, y?.[0]?.stamp ?? null];
    const first = ofX === null || (ofY !== null && ofY < ofX) ? ofY : ofX;
    const pair: Pair = [ofX === first ? x : undefined, ofY === first ? y : undefined];
    yield pair;
    if (pair[0]) x = await next(a);
    if (pair[1]) y = await next(b);
  }
}

/** What two recordings hold of one input. A slice may have begun or ended among the ticks of one. */
function union(a: LogRecord[], b: LogRecord[], file: string): LogRecord[] {
  const [x, y] = [a.find(isInput), b.find(isInput)];
  if (x && y && !same(x, y))
    throw new DataError(
      invalid(`${file} stamp ${x.stamp}`, 'another input', 'the same one in both, or one in only one'),
    );
  const [first, then] = firstTick(b) < firstTick(a) ? [b, a] : [a, b];
  const has = finder(first);
  return [...first, ...then.filter((record) => !has(record))];
}

function isInput({ topic }: LogRecord): boolean {
  return channelOf(topic)?.role === 'input';
}

function firstTick(records: LogRecord[]): number {
  return records.find(({ topic }) => topic === 'tick')?.sequence ?? Number.POSITIVE_INFINITY;
}

/** Tells whether a record is among these: one input can cause thousands. */
function finder(records: LogRecord[]): (record: LogRecord) => boolean {
  const places = new Map<string, LogRecord[]>();
  const place = ({ topic, time, sequence }: LogRecord) => `${topic} ${time} ${sequence}`;
  for (const record of records) {
    const there = places.get(place(record));
    if (there) there.push(record);
    else places.set(place(record), [record]);
  }
  return (record) => places.get(place(record))?.some((each) => each === record || same(each, record)) ?? false;
}

function same(a: LogRecord, b: LogRecord): boolean {
  return a.topic === b.topic && a.time === b.time && a.sequence === b.sequence && sameBytes(a.data, b.data);
}

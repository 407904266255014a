/** Computes a recording again from its raw messages and compares everything that it holds. */
import { Engine } from '../engine.ts';
import type { Kernels } from '../kernels.ts';
import { same } from './compare.ts';
import { OutputHash } from './hash.ts';
import { partStart } from './part.ts';
import { type Prepared, prepare } from './prepare.ts';
import type { Damage, Recording } from './reader.ts';
import { channelOf, decodeAttribution, decodeShapley, type LogRecord } from './records.ts';
import { recoveredFrom } from './recover.ts';

/** Topics that are compared. */
export const COMPARED = [
  'tick',
  'prediction',
  'interval',
  'adaptation',
  'attribution',
  'shapley',
  'drift',
  'alert',
] as const;

/** The first record that is not what it should be; a side without a record there is null. */
export interface Difference {
  /** Number of the tick, from 0, and its event time in ms since 1970 UTC. */
  tick: number;
  time: number;
  topic: string;
  recorded: string | null;
  recomputed: string | null;
}

export interface Verification {
  equal: boolean;
  /** Byte for byte; else the kernels are of another build, and numbers are compared to 1e-5. */
  exact: boolean;
  /** Records compared, by topic. */
  compared: Record<(typeof COMPARED)[number], number>;
  /** Inputs at the end whose outputs were not all written: what a crash leaves. */
  trailing: number;
  first: Difference | null;
  /** Hash that the recording states, and whether its own records have it; null where it was cut off. */
  recordedHash: string | null;
  hashEqual: boolean | null;
  provenance: Prepared['provenance'];
  damage: Damage[];
  tail: Damage | null;
  /** Places at which records are missing, of a file that was recovered: it is compared up to the first. */
  holes: number;
}

/**
 * Recomputes with nothing but the file and these kernels.
 * @param kernelsHash SHA-256 of the kernels, hex: tells whether they are those of the recording
 * @throws DataError, ConfigError or ModelError for what is wrong in the recording's head
 */
export async function verify(recording: Recording, kernels: Kernels, kernelsHash: string): Promise<Verification> {
  const { provenance, config, spec } = prepare(recording);
  const exact = provenance.kernels === kernelsHash;
  const engine: Engine = new Engine({ kernels, spec, config, wall: () => engine.stamp });
  const compared = Object.fromEntries(COMPARED.map((topic) => [topic, 0])) as Verification['compared'];
  /** What was recomputed and not found in the file yet, and the number of the input that it came of. */
  const waiting: { record: LogRecord; input: number }[] = [];
  const hash = new OutputHash();
  let inputs = 0;
  let taken = 0;
  let first: Difference | null = null;
  engine.records$.subscribe((record) => {
    if (record.topic in compared) waiting.push({ record, input: inputs });
  });

  const part = await partStart(recording);
  if (part) engine.load(part.state);
  const recovered = await recoveredFrom(recording);
  const hole = recovered?.holes[0] ?? null;
  for await (const { records, afterDamage } of recording.chunks()) {
    if (afterDamage || (hole !== null && records[0]!.stamp >= hole)) break;
    for (const record of records) {
      const role = channelOf(record.topic)?.role;
      if (role === 'input') {
        inputs++;
        engine.input(record);
      } else if (role === 'output') {
        hash.update(record);
        const expected = waiting[taken++]?.record;
        if (!expected || !same(record, expected, exact)) {
          first = difference(record, expected ?? null);
          break;
        }
        compared[record.topic as keyof typeof compared]++;
      }
    }
    waiting.splice(0, taken);
    taken = 0;
    if (first) break;
  }
  engine.complete();

  const { damage, tail } = recording;
  const recordedHash = recording.metadata.get('whytick output')?.get('output sha256') ?? null;
  const hashEqual = recordedHash === null || hole !== null ? null : recordedHash === hash.digest();
  const trailing = new Set(waiting.map(({ input }) => input)).size;
  if (!first && recording.complete && !recovered && trailing > 0) first = difference(null, waiting[0]!.record);
  const holes = recovered?.holes.length ?? 0;
  const equal = first === null && damage.length === 0 && holes === 0 && hashEqual !== false;
  const counted = first ? 0 : trailing;
  return { equal, exact, compared, trailing: counted, first, recordedHash, hashEqual, provenance, damage, tail, holes };
}

function difference(recorded: LogRecord | null, recomputed: LogRecord | null): Difference {
  const { sequence, time, topic } = (recorded ?? recomputed)!;
  const shown = { recorded: recorded && show(recorded), recomputed: recomputed && show(recomputed) };
  return { tick: sequence, time: Number(time / 1000n) / 1000, topic, ...shown };
}

/** A record for a person: its topic, its tick, and its JSON or the head of its attribution. */
function show({ topic, sequence, data }: LogRecord): string {
  let text: string;
  try {
    if (topic === 'attribution') text = describe(data);
    else if (topic === 'shapley') text = describeShapley(data);
    else text = new TextDecoder().decode(data);
  } catch (error) {
    text = (error as Error).message;
  }
  return `${topic} of tick ${sequence}: ${text.length > 300 ? `${text.slice(0, 297)}...` : text}`;
}

function describe(data: Uint8Array): string {
  const { window, features, prediction, values } = decodeAttribution(data);
  return `${window} x ${features}, prediction ${prediction}, newest ${Array.from(values.slice(-features)).join(' ')}`;
}

function describeShapley(data: Uint8Array): string {
  const { window, worlds, prediction, values } = decodeShapley(data);
  return `${window} ticks, ${worlds} worlds, prediction ${prediction}, newest ${values[window - 1]}`;
}

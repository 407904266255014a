import { DataError, invalid } from '../../errors.ts';
import { bytesSource, decodeJson, Recording } from '../../recording/index.ts';
import type { Tick } from '../../types.ts';
import type { Cell, DataReader } from './reader.ts';

/** Below it the reader of time columns takes a number for seconds. */
const SURELY_MS = 1e11;

/** The ticks of a recording: event time, then the key where there is one, then the columns. */
export const mcap: DataReader = {
  name: 'mcap',
  endings: ['.mcap'],
  recognises: (head) => head.length >= 5 && String.fromCharCode(...head.subarray(1, 5)) === 'MCAP',
  async read(bytes, file) {
    const recording = await Recording.open(bytesSource(bytes), file);
    const ticks: Tick[] = [];
    for await (const { records } of recording.chunks()) {
      for (const { topic, data } of records) if (topic === 'tick') ticks.push(decodeJson<Tick>(data, `${file} tick`));
    }
    const [damage] = recording.damage;
    if (damage) throw new DataError(invalid(`${file} byte ${damage.offset}`, damage.reason, 'an undamaged recording'));
    const names = new Set(ticks.flatMap(({ values }) => Object.keys(values)));
    const time = ['time', 'timestamp', 'date', 'datetime', 'ts'].find((name) => !names.has(name))!;
    const keyed = ticks.some(({ key }) => key !== '') && !names.has('key');
    const columns = [time, ...(keyed ? ['key'] : []), ...names];
    const rows = ticks.map((tick): Cell[] => [
      tick.time < SURELY_MS ? new Date(tick.time) : tick.time,
      ...(keyed ? [tick.key] : []),
      ...[...names].map((name) => tick.values[name] ?? null),
    ]);
    return { columns, rows, place: (row) => `tick ${row}` };
  },
};

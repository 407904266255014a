import { concat, defer, finalize, ignoreElements, type MonoTypeOperatorFunction, tap } from 'rxjs';
import type { LogRecord } from '../recording/records.ts';
import type { Recorder } from '../recording/writer.ts';

/**
 * Writes records to a recording and passes them on. Completes once the file is complete and closed; after an error, and
 * when everybody left, the file is completed too.
 *
 * ```ts
 * const recorder = new Recorder({ file: createRecordingFile('session.mcap'), timers, head });
 * engine.records$.pipe(record(recorder)).subscribe({ complete: () => console.log(recorder.state) });
 * ```
 */
export function record(recorder: Pick<Recorder, 'record' | 'end'>): MonoTypeOperatorFunction<LogRecord> {
  return (source) => {
    const ended = defer(() => recorder.end()).pipe(ignoreElements());
    return concat(source.pipe(tap((each) => recorder.record(each))), ended).pipe(finalize(() => void recorder.end()));
  };
}

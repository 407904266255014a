import { asyncScheduler, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { Machine, type MachineOptions, type Pulse } from '../alerts/index.ts';
import type { AlertTransition } from '../types.ts';

/**
 * Pulses (such as drift events) to the transitions of an alert rule: firing at the first, normal again when
 * `keepFiringFor` seconds passed without another. Completes with its source; a rule that is firing then says no more.
 *
 * ```ts
 * drifts$
 *   .pipe(alert({ rule: 'residual drift', severity: 'critical', keepFiringFor: 10 }))
 *   .subscribe(({ to, time }) => console.log(new Date(time), to));
 * ```
 */
export function alert(
  options: MachineOptions,
  scheduler: SchedulerLike = asyncScheduler,
): OperatorFunction<Pulse, AlertTransition> {
  return (source) =>
    new Observable((subscriber) => {
      const after = (seconds: number, fire: () => void) => {
        const timer = scheduler.schedule(fire, seconds * 1000);
        subscriber.add(timer);
        return () => timer.unsubscribe();
      };
      const machine = new Machine(options, { after }, (transition) => subscriber.next(transition));
      subscriber.add(
        source.subscribe({
          next: (pulse) => machine.pulse(pulse),
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
    });
}

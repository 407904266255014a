/** What fired, when, and whether it still does. Bounded; repeats (sent again on every connection) are taken once. */
import type { AlertTransition, DriftEvent } from '../src/types.ts';
import type { Series } from './series.ts';

const MOST = 256;
/** How far behind the newest tick a live event may lie. */
const LATEST = 256;

/** One moment on the time axis: an alert began, or a detector saw a change without one. */
export interface Mark {
  kind: 'alert' | 'drift';
  name: string;
  severity: 'critical' | 'warning';
  direction: 'up' | 'down' | null;
  index: number;
  time: number;
  /** Sequence number of its tick; -1 until that tick is known. */
  at: number;
  tried: number;
}

/** The present state of one rule. */
export interface Rule {
  name: string;
  firing: boolean;
  severity: 'critical' | 'warning';
  direction: 'up' | 'down' | null;
  /** What the rule watches: `residual`, `input.<feature>`, or '' where no event has said it. */
  on: string;
  /** Event times (ms) of the last change to firing, and of the last change of any kind. */
  since: number;
  changed: number;
}

export class Alerts {
  readonly marks: Mark[] = [];
  readonly rules: Rule[] = [];
  /** Alerts that began, in all. */
  begun = 0;

  get firing(): number {
    let n = 0;
    for (const rule of this.rules) if (rule.firing) n++;
    return n;
  }

  alert(alert: AlertTransition, series: Series | null, backlog: boolean): void {
    const rule = this.#rule(alert.rule);
    if (!backlog || !(alert.time < rule.changed)) {
      rule.firing = alert.to === 'firing';
      rule.severity = alert.severity;
      rule.changed = alert.time;
      if (rule.firing) {
        rule.since = alert.time;
        rule.direction = alert.direction;
      }
    }
    if (alert.to !== 'firing') return;
    const { severity, direction, index, time } = alert;
    const mark: Mark = { kind: 'alert', name: alert.rule, severity, direction, index, time, at: -1, tried: 0 };
    if (this.#add(mark, series, backlog)) this.begun++;
  }

  drift(drift: DriftEvent, series: Series | null, backlog: boolean): void {
    this.#rule(drift.rule).on = drift.on;
    const { direction, index, time } = drift;
    const mark: Mark = {
      kind: 'drift',
      name: drift.rule,
      severity: 'warning',
      direction,
      index,
      time,
      at: -1,
      tried: 0,
    };
    this.#add(mark, series, backlog);
  }

  /** Finds the ticks of marks that came before their tick did. */
  settle(series: Series): void {
    for (const mark of this.marks) if (mark.at < 0 && mark.tried < series.end) this.#find(mark, series);
  }

  #rule(name: string): Rule {
    let rule = this.rules.find((r) => r.name === name);
    if (!rule) {
      rule = {
        name,
        firing: false,
        severity: 'warning',
        direction: null,
        on: '',
        since: Number.NaN,
        changed: Number.NaN,
      };
      if (this.rules.length < MOST) this.rules.push(rule);
    }
    return rule;
  }

  /**
   * What a server tells again on a new connection is taken once and looked for among all ticks; what happens live is
   * new, also where a replayed feed has begun again, and belongs to one of the latest ticks.
   */
  #add(mark: Mark, series: Series | null, backlog: boolean): boolean {
    const same = (m: Mark) =>
      m.kind === mark.kind && m.name === mark.name && m.index === mark.index && m.time === mark.time;
    if (backlog && this.marks.some(same)) return false;
    if (this.marks.length >= MOST) this.marks.shift();
    mark.tried = backlog || !series ? 0 : Math.max(0, series.end - LATEST);
    this.marks.push(mark);
    if (series) this.#find(mark, series);
    return true;
  }

  #find(mark: Mark, series: Series): void {
    mark.at = series.find(mark.index, mark.time, mark.tried);
    mark.tried = series.end;
  }
}

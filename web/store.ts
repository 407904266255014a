/** Everything the page knows, as the server's messages left it. Panels read it; only this file writes it. */
import { DataError } from '../src/errors.ts';
import {
  type Display,
  decodeFrame,
  type Hello,
  type ServerMessage,
  type Status,
  TickFlag,
  WIRE_VERSION,
  type WireTick,
} from '../src/wire.ts';
import { Alerts } from './alerts.ts';
import { Questions } from './questions.ts';
import { Series } from './series.ts';

export class Store {
  hello: Hello | null = null;
  status: Status | null = null;
  series: Series | null = null;
  alerts = new Alerts();
  readonly questions = new Questions();
  /** The other wire version, when server and page do not understand each other. */
  mismatch: { server: number; program: string } | null = null;
  /** The server's last error message. */
  error = '';
  /** When the last tick came and when the last status (ms of `performance.now()`); NaN before. */
  tickAt = Number.NaN;
  statusAt = Number.NaN;
  /** Ticks that the server's queue for this page has dropped, and frames that could not be read. */
  dropped = 0;
  unreadable = 0;
  /** Backfill frames taken in: charts measure themselves anew after each. */
  backfills = 0;
  #backlog = true;

  /** A JSON message. Junk is counted, not thrown. */
  text(message: string): void {
    let parsed: ServerMessage;
    try {
      parsed = JSON.parse(message) as ServerMessage;
    } catch {
      this.unreadable++;
      return;
    }
    if (parsed.type === 'hello') this.#hello(parsed);
    else if (parsed.type === 'status') {
      this.status = parsed;
      this.statusAt = performance.now();
    } else if (parsed.type === 'alert') this.alerts.alert(parsed.alert, this.series, this.#backlog);
    else if (parsed.type === 'drift') this.alerts.drift(parsed.drift, this.series, this.#backlog);
    else if (parsed.type === 'error') this.error = parsed.message;
    else this.questions.take(parsed);
  }

  /** A binary frame. One of another version is a mismatch; any other damage is counted. */
  frame(bytes: Uint8Array): void {
    try {
      const frame = decodeFrame(bytes);
      const { window, features } = frame;
      if (!this.series || this.series.window !== window || this.series.features !== features) {
        this.series = new Series(window, features);
        this.alerts = new Alerts();
      }
      this.dropped = frame.dropped;
      this.#backlog = frame.kind === 'backfill';
      if (this.#backlog) this.backfills++;
      frame.ticks.forEach((tick, i) => {
        const at = this.#push(this.series!, tick);
        if (at >= 0 && frame.cells?.at === i) this.series!.setCells(at, frame.cells.values, frame.shapley);
      });
      this.alerts.settle(this.series);
      if (frame.ticks.length > 0 && !this.#backlog) this.tickAt = performance.now();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      if (bytes.length > 0 && bytes[0] !== WIRE_VERSION) this.mismatch = { server: bytes[0]!, program: '' };
      else this.unreadable++;
    }
  }

  /** How the target is shown; a model that names none is shown in its own units. */
  get target(): Display {
    return this.hello?.target ?? { name: 'prediction', label: 'Prediction', unit: '', scale: 1 };
  }

  /** How feature f is shown. */
  feature(f: number): Display {
    return this.hello?.features[f] ?? { name: `x${f}`, label: `x${f}`, unit: '', scale: 1 };
  }

  #hello(hello: Hello): void {
    if (hello.wire !== WIRE_VERSION) {
      this.mismatch = { server: hello.wire, program: hello.version };
      return;
    }
    this.mismatch = null;
    this.error = '';
    this.#backlog = true;
    const before = this.hello;
    const another =
      before !== null &&
      (before.stream !== hello.stream ||
        before.model !== hello.model ||
        JSON.stringify(before.features) !== JSON.stringify(hello.features));
    if (another) {
      this.questions.forget();
      this.series = null;
      this.alerts = new Alerts();
    }
    this.hello = hello;
  }

  /** Takes a tick in unless it is known already; marks what is missing before it, which only this page may have missed. */
  #push(series: Series, tick: WireTick): number {
    if (series.end > 0) {
      const slot = series.slot(series.end - 1);
      const received = series.received[slot]!;
      const index = series.index[slot]!;
      if (this.#backlog && (tick.received < received || (tick.received === received && tick.index <= index))) return -1;
      if (tick.index <= index) tick.flags |= TickFlag.reset;
      else if (tick.index > index + 1) tick.flags |= TickFlag.gap;
    }
    return series.push(tick);
  }
}

/** `system:`: this machine's own sensors, the feed that everyone has. */
import { readFileSync } from 'node:fs';
import { cpus, freemem, loadavg, networkInterfaces, totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { concat, defer, finalize, interval, map, of } from 'rxjs';
import { z } from 'zod';
import { type FeedEvent, feedKind } from '../../feeds/index.ts';
import { wallMs } from '../wall.ts';

/** One reading: columns in units of their own, see `system`. */
export type Reading = Record<string, number>;

/** Counters of the machine, which only rise. */
interface Counters {
  /** ms busy and in all, of each core. */
  cores: { busy: number; all: number }[];
  /** Bytes received, sent, read and written since the start; null where the machine does not say. */
  network: { rx: number; tx: number } | null;
  disk: { read: number; written: number } | null;
}

/**
 * Reads the machine: shares from 0 to 1 of time that cores were busy since the last reading (`cpu` all of them, `cpu0` ..
 * each), `load1` (tasks that run or wait, a minute's average), `memory` (share in use), `loopDelay` (ms that this process' timers
 * were late, the mean since the last reading), and bytes a second `rx`, `tx`, `read`, `write` where /proc has them.
 */
export class SystemSensors {
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });
  #before = counters();
  #at = performance.now();

  constructor() {
    this.#delay.enable();
  }

  /** Columns that this machine has. */
  static columns(): string[] {
    const { cores, network, disk } = counters();
    return [
      ...['cpu', ...cores.map((_, i) => `cpu${i}`), 'load1', 'memory', 'loopDelay'],
      ...(network ? ['rx', 'tx'] : []),
      ...(disk ? ['read', 'write'] : []),
    ];
  }

  read(): Reading {
    const [now, before, at] = [counters(), this.#before, performance.now()];
    const seconds = Math.max(1e-3, (at - this.#at) / 1000);
    const busy = now.cores.map(({ busy: b, all }, i) => {
      const last = before.cores[i] ?? { busy: 0, all: 0 };
      return all > last.all ? Math.min(1, Math.max(0, (b - last.busy) / (all - last.all))) : 0;
    });
    const reading: Reading = { cpu: busy.reduce((sum, share) => sum + share, 0) / Math.max(1, busy.length) };
    busy.forEach((share, i) => {
      reading[`cpu${i}`] = share;
    });
    reading.load1 = loadavg()[0]!;
    reading.memory = 1 - freemem() / totalmem();
    reading.loopDelay = Number.isFinite(this.#delay.mean) ? Math.max(0, this.#delay.mean / 1e6 - 10) : 0;
    this.#delay.reset();
    const rate = (a: number, b: number): number => Math.max(0, a - b) / seconds;
    if (now.network && before.network) {
      reading.rx = rate(now.network.rx, before.network.rx);
      reading.tx = rate(now.network.tx, before.network.tx);
    }
    if (now.disk && before.disk) {
      reading.read = rate(now.disk.read, before.disk.read);
      reading.write = rate(now.disk.written, before.disk.written);
    }
    [this.#before, this.#at] = [now, at];
    return reading;
  }

  close(): void {
    this.#delay.disable();
  }
}

function counters(): Counters {
  const cores = cpus().map(({ times: { user, nice, sys, idle, irq } }) => {
    const busy = user + nice + sys + irq;
    return { busy, all: busy + idle };
  });
  return { cores, network: network(), disk: disk() };
}

/** Of all interfaces but the loopback. */
function network(): Counters['network'] {
  const lines = procLines('/proc/net/dev');
  if (!lines || Object.keys(networkInterfaces()).length === 0) return null;
  let [rx, tx] = [0, 0];
  for (const line of lines.slice(2)) {
    const [name, ...fields] = line.trim().split(/[\s:]+/);
    if (name === undefined || name === 'lo' || fields.length < 16) continue;
    rx += Number(fields[0]);
    tx += Number(fields[8]);
  }
  return { rx, tx };
}

/** Of whole disks, in sectors of 512 bytes: partitions would count twice. */
function disk(): Counters['disk'] {
  const lines = procLines('/proc/diskstats');
  if (!lines) return null;
  let [read, written] = [0, 0];
  for (const line of lines) {
    const [, , name = '', ...fields] = line.trim().split(/\s+/);
    if (!/^(?:[shv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(name) || fields.length < 11) continue;
    read += 512 * Number(fields[2]);
    written += 512 * Number(fields[6]);
  }
  return { read, written };
}

function procLines(file: string): string[] | null {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean);
  } catch {
    return null;
  }
}

export const system = feedKind({
  schemes: ['system'],
  summary: "this machine's own sensors",
  options: {
    /** Seconds from one reading to the next. */
    every: z.number().min(0.05).max(60).default(0.1),
  },
  mapping: () => ({
    time: { path: 'time', format: 'ms' },
    features: Object.fromEntries(SystemSensors.columns().map((name) => [name, name])),
  }),
  open: ({ every }, { now = wallMs }) => {
    const status: FeedEvent = { kind: 'status', status: { feed: 'system:', state: 'open' }, received: now() };
    const readings = defer(() => {
      const sensors = new SystemSensors();
      return interval(every * 1000).pipe(
        map((): FeedEvent => {
          const received = now();
          const data = new TextEncoder().encode(JSON.stringify({ time: Math.round(received), ...sensors.read() }));
          return { kind: 'message', data, received };
        }),
        finalize(() => sensors.close()),
      );
    });
    return concat(of(status), readings);
  },
});

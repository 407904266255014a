/**
 * A real WebSocket server on loopback that plays rows of a data file as if they happened now. Every client has a playback
 * of its own, from the start:
 *
 *     {"type":"reset"}                                                        the series begins (again)
 *     {"type":"bar","seq":0,"time":"2000-01-03","open":1469.25, ... ,"history":true}   all rows before `liveFrom`, at once
 *     {"type":"bar","seq":4338,"time":"2017-03-31","open":2364.82, ...}                the rest, 10 a second times the speed
 *     {"type":"reset"}                                                        after the last row, and so on
 */
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { ConfigError, invalid } from '../errors.ts';
import type { DataRow } from './data.ts';

export interface DemoFeedOptions {
  rows: readonly DataRow[];
  /** Columns of the rows that are sent. */
  columns: readonly string[];
  /** Event time (ms) of the last row of history. */
  historyUntil: number;
  /** Word for a row: `bar`. */
  type: string;
  /** Factor on 10 rows a second. */
  speed?: number;
}

export interface DemoFeed {
  readonly url: string;
  /** May be set while clients listen. @throws ConfigError outside `SPEEDS` */
  speed: number;
  close(): Promise<void>;
}

/** Smallest and largest factor. */
export const SPEEDS = [0.1, 1000] as const;
const ROWS_PER_SECOND = 10;
/** Rows of history that are sent in one go, and bytes that may wait in a client's socket. */
const BATCH = 64;
const HIGH_WATER = 64 << 10;

/** Starts the feed on a free port. */
export async function startDemoFeed(options: DemoFeedOptions): Promise<DemoFeed> {
  const messages = options.rows.map((row, seq) => encode(row, seq, options));
  const liveFrom = options.rows.findIndex((row) => row.time > options.historyUntil);
  const script = { messages, liveFrom: liveFrom < 0 ? messages.length : liveFrom };
  const players = new Set<Player>();
  let speed = checkSpeed(options.speed ?? 1);
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 1024, perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject));
  server.on('connection', (socket) => {
    const player = new Player(socket, script, () => speed);
    players.add(player);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      player.stop();
      players.delete(player);
    });
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get speed() {
      return speed;
    },
    set speed(value) {
      speed = checkSpeed(value);
      for (const player of players) player.paceChanged();
    },
    async close() {
      for (const player of players) player.stop();
      for (const client of server.clients) client.terminate();
      await new Promise((done) => server.close(done));
    },
  };
}

/** @throws ConfigError */
export function checkSpeed(speed: number): number {
  if (speed >= SPEEDS[0] && speed <= SPEEDS[1]) return speed;
  throw new ConfigError(invalid('speed', speed, `a factor from ${SPEEDS[0]} to ${SPEEDS[1]}`));
}

function encode(row: DataRow, seq: number, { columns, type, historyUntil }: DemoFeedOptions): string {
  const time = new Date(row.time).toISOString().replace('T00:00:00.000Z', '');
  const values = Object.fromEntries(columns.map((column) => [column, row.values[column]]));
  return JSON.stringify({ type, seq, time, ...values, ...(row.time <= historyUntil ? { history: true } : {}) });
}

interface Script {
  messages: readonly string[];
  /** The first message that is not history. */
  liveFrom: number;
}

/** One client's playback. */
class Player {
  readonly #socket: WebSocket;
  readonly #script: Script;
  readonly #speed: () => number;
  #next = 0;
  /** Message that was due at `#startedAt` (ms), from which the others are counted. */
  #start = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, script: Script, speed: () => number) {
    this.#socket = socket;
    this.#script = script;
    this.#speed = speed;
    this.#begin();
  }

  /** Goes on from here at the new pace. */
  paceChanged(): void {
    this.#start = this.#next;
    this.#startedAt = performance.now();
    if (this.#next >= this.#script.liveFrom) this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #begin(): void {
    this.#next = 0;
    this.#socket.send('{"type":"reset"}');
    this.#history();
  }

  /** As fast as the client reads it. */
  #history(): void {
    const { messages, liveFrom } = this.#script;
    for (let i = 0; i < BATCH && this.#next < liveFrom && this.#socket.bufferedAmount < HIGH_WATER; i++) {
      this.#socket.send(messages[this.#next++]!);
    }
    if (this.#next >= liveFrom) this.paceChanged();
    else this.#timer = setTimeout(() => this.#history(), 1);
  }

  /** Sends what is due; a client that does not read gets it later, in order. */
  #live(): void {
    const { messages } = this.#script;
    const due = this.#start + Math.floor((performance.now() - this.#startedAt) * this.#rate) + 1;
    const to = Math.min(due, messages.length);
    while (this.#next < to && this.#socket.bufferedAmount < HIGH_WATER) this.#socket.send(messages[this.#next++]!);
    if (this.#next < messages.length) this.#schedule();
    else this.#begin();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const dueIn = (this.#next - this.#start) / this.#rate - (performance.now() - this.#startedAt);
    this.#timer = setTimeout(() => this.#live(), Math.max(1, dueIn));
  }

  /** Rows a millisecond. */
  get #rate(): number {
    return (ROWS_PER_SECOND * this.#speed()) / 1000;
  }
}

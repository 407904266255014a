/**
 * Sends what happens to every dashboard. One ring of ticks for all; a client is only a position in it, so that a slow one
 * costs no memory and holds nobody up.
 *
 * A tick is sent at once when nothing was sent in the last 8 ms; else it waits for the end of these 8 ms and goes with
 * those that came meanwhile, in one frame. A client whose socket is full gets nothing until it drains; beyond 1,024 ticks
 * it loses the oldest, counted, and after 30 s of a full socket it is closed with 1013 (try again later).
 */
import type { Hello, ServerMessage, Status, WireShapley, WireTick } from '../wire.ts';
import { FRAME_TICKS, Frames } from './frames.ts';
import { Samples } from './percentile.ts';

/** What the hub uses of a client's socket. */
export interface HubSocket {
  /** Bytes that wait for the network. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

export interface HubOptions {
  /** K and F of every tick. */
  window: number;
  features: number;
  /** The first message to every client, as it is when the client comes. */
  hello: () => Hello;
  /** ms since 1970 UTC. */
  now: () => number;
}

/** Ticks kept for clients that come later. */
export const BACKFILL = 8192;
/** Live ticks that may wait for one client. */
export const PENDING = 1024;
/** Bytes that may wait in a client's socket. */
export const HIGH_WATER = 1 << 20;
const FLUSH_MS = 8;
const STUCK_MS = 30_000;
const EVENTS = 512;

interface Client {
  socket: HubSocket;
  /** Number of the next tick to send, and of the first one that is live for this client. */
  next: number;
  joined: number;
  nextEvent: number;
  dropped: number;
  /** Since when its socket has been full (ms), or null. */
  fullSince: number | null;
}

export class Hub {
  readonly #options: HubOptions;
  readonly #frames: Frames;
  readonly #clients = new Map<HubSocket, Client>();
  /** The last alerts and drifts, as JSON; `#eventEnd` counts all there ever were. */
  readonly #events: string[] = [];
  #eventEnd = 0;
  #status: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Number of the first tick that was not yet sent to anybody. */
  #unsent = 0;
  /** Receive to send of live ticks, ms: to the first client that got them. */
  readonly latency = new Samples();
  /** Called with each of these. */
  onLatency: (ms: number) => void = () => {};
  /** Over all clients, also those that left. */
  readonly totals = { dropped: 0, frames: 0, bytes: 0, stuck: 0 };

  constructor(options: HubOptions) {
    this.#options = options;
    this.#frames = new Frames(options.window, options.features, BACKFILL);
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Greets a client and sends it what happened before. */
  add(socket: HubSocket): void {
    const { start, end } = this.#frames;
    if (this.#clients.size === 0) this.#unsent = end;
    const nextEvent = this.#eventEnd - this.#events.length;
    const client: Client = { socket, next: start, joined: end, nextEvent, dropped: 0, fullSince: null };
    this.#clients.set(socket, client);
    socket.send(JSON.stringify(this.#options.hello()));
    this.#serve(client);
    if (this.#status) socket.send(this.#status);
    this.#arm();
  }

  remove(socket: HubSocket): void {
    this.#clients.delete(socket);
  }

  /** The next tick. @param cells (K, F) and Shapley values, copied; null where it was not explained so */
  publish(tick: WireTick, cells: Float32Array | null, shapley: WireShapley | null = null): void {
    this.#frames.add(tick, cells, shapley);
    if (this.#timer) return;
    this.#flush();
    this.#arm();
  }

  /** An alert or a drift: after the tick that it belongs to, and again for every client that comes later. */
  announce(message: ServerMessage): void {
    this.#events.push(JSON.stringify(message));
    if (this.#events.length > EVENTS) this.#events.shift();
    this.#eventEnd++;
    this.#flush();
  }

  /** The latest status, to whoever can take it; looks after full sockets. Called some times a second. */
  status(status: Status): void {
    this.#status = JSON.stringify(status);
    for (const client of [...this.#clients.values()]) {
      if (this.#isFull(client)) this.#endIfStuck(client);
      else client.socket.send(this.#status);
    }
  }

  /** Says goodbye to all, with 1001 (going away), and ends those who do not answer within `graceMs`. */
  async close(graceMs = 1000): Promise<void> {
    this.#flush();
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    for (const socket of this.#clients.keys()) socket.close(1001, 'the server stops');
    const until = this.#options.now() + graceMs;
    while (this.#clients.size > 0 && this.#options.now() < until) await new Promise((done) => setTimeout(done, 10));
    for (const socket of this.#clients.keys()) socket.terminate();
    this.#clients.clear();
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#flush()) this.#arm();
    }, FLUSH_MS);
  }

  /** @returns whether anything was sent or still waits: the next tick has to wait its turn */
  #flush(): boolean {
    let busy = false;
    for (const client of this.#clients.values()) busy = this.#serve(client) || busy;
    return busy;
  }

  /** Sends a client what it has not got, as far as its socket takes it. */
  #serve(client: Client): boolean {
    const frames = this.#frames;
    let busy = false;
    this.#dropOldest(client);
    while (client.next < frames.end && !this.#isFull(client)) {
      const live = client.next >= client.joined;
      const to = Math.min(client.next + FRAME_TICKS, live ? frames.end : client.joined);
      const frame = frames.frame(client.next, to, live, client.dropped);
      client.socket.send(frame);
      this.totals.frames++;
      this.totals.bytes += frame.length;
      if (live) this.#measure(to);
      client.next = to;
      busy = true;
    }
    while (client.next === frames.end && client.nextEvent < this.#eventEnd && !this.#isFull(client)) {
      const oldest = this.#eventEnd - this.#events.length;
      client.nextEvent = Math.max(client.nextEvent, oldest);
      client.socket.send(this.#events[client.nextEvent++ - oldest]!);
    }
    return busy || client.next < frames.end || client.nextEvent < this.#eventEnd;
  }

  #dropOldest(client: Client): void {
    const { start, end } = this.#frames;
    const live = client.next >= client.joined;
    const first = live ? Math.max(start, end - PENDING) : start;
    if (client.next >= first) return;
    const lost = first - Math.max(client.next, client.joined); // what backfill overtakes was never live for this client
    if (lost > 0) {
      client.dropped += lost;
      this.totals.dropped += lost;
    }
    client.next = first;
  }

  #isFull(client: Client): boolean {
    const full = client.socket.bufferedAmount >= HIGH_WATER;
    if (!full) client.fullSince = null;
    else client.fullSince ??= this.#options.now();
    return full;
  }

  #endIfStuck(client: Client): void {
    if (client.fullSince === null || this.#options.now() - client.fullSince < STUCK_MS) return;
    this.totals.stuck++;
    this.#clients.delete(client.socket);
    client.socket.close(1013, 'too slow');
    setTimeout(() => client.socket.terminate(), 1000).unref();
  }

  #measure(to: number): void {
    const now = this.#options.now();
    for (let i = Math.max(this.#unsent, this.#frames.start); i < to; i++) {
      const ms = now - this.#frames.received(i);
      if (Number.isNaN(ms)) continue;
      this.latency.add(ms);
      this.onLatency(ms);
    }
    this.#unsent = Math.max(this.#unsent, to);
  }
}

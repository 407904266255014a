/** One connection to an MQTT broker, from its opening to its end. */
import type { IClientOptions, MqttClient } from 'mqtt';
import { asyncScheduler, Observable, type SchedulerAction, type SchedulerLike } from 'rxjs';
import { crc32 } from '../../crc32.ts';
import type { LinkEvent } from '../../feeds/index.ts';
import { Silence } from '../../feeds/silence.ts';
import { MAX_PAYLOAD } from '../../feeds/socket.ts';

export type Qos = 0 | 1;

/** What a broker sends. */
export interface Packet {
  topic: string;
  payload: Uint8Array;
  qos: Qos;
  retain: boolean;
  /** Sent before, perhaps. */
  dup: boolean;
  /** ms since 1970 UTC */
  received: number;
}

export interface Subscription {
  filter: string;
  qos: Qos;
  /** Retained messages are wanted on every connection, not for a new subscription only. */
  again?: boolean;
}

/** What comes of a packet. */
export type Reading =
  | { kind: 'message'; data: Uint8Array }
  | { kind: 'gap'; reason: string; key: string }
  | { kind: 'note'; reason: string }
  | { kind: 'subscribe'; subscriptions: Subscription[] }
  | { kind: 'unsubscribe'; filters: string[] }
  | { kind: 'publish'; topic: string; payload: Uint8Array };

/** What the messages of a broker mean. Outlives links. */
export interface Reader {
  /** On every connection, before anything is read. */
  subscriptions(): Subscription[];
  /** What a packet says; null: not yet known, it is offered again after the next change of subscriptions. */
  read(packet: Packet): Reading[] | null;
  /** A link is open, and goes on where the last one ended or not. */
  linked?(resumed: boolean): void;
  /** What time alone says, about once a second. */
  look?(now: number): Reading[];
}

export interface Will {
  topic: string;
  payload: string;
  online: string;
  retain: boolean;
}

export interface MqttLinkOptions {
  /** For MQTT.js: where, who, how. */
  client: IClientOptions & { clientId: string };
  reader: Reader;
  past: Past;
  will: Will | undefined;
  /** Silence that is stale, ms; 0: never. */
  staleAfter: number;
  scheduler: SchedulerLike | undefined;
  now: () => number;
  /** The broker hung up instead of answering, or does not know this version. */
  misunderstood: () => void;
  /** Resolves once the link before is gone: a second client of that id would throw it out, and what it had said last. */
  before: Promise<void>;
  /** Handed the same for this one. */
  after: (gone: Promise<void>) => void;
}

/** Wait for a connection, and for a clean goodbye, ms. */
const CONNECT_MS = 10_000;
const GOODBYE_MS = 1_000;
/** Packets that wait for what they mean, and for how long, ms. */
const MOST_HELD = 1_000;
const HELD_MS = 5_000;
const LOOK_MS = 1_000;

/** Never errors; `closed` is its last event. */
export function mqttLink(options: MqttLinkOptions): Observable<LinkEvent> {
  return new Observable((subscriber) => {
    let stop: (() => void) | null = null;
    let over = false;
    const begin = async (): Promise<void> => {
      const [{ default: mqtt }] = await Promise.all([import('mqtt'), options.before]);
      if (!over) stop = connect(mqtt, options, subscriber);
    };
    begin().catch((error: unknown) => {
      subscriber.next({ kind: 'closed', reason: (error as Error).message });
      subscriber.complete();
    });
    return () => {
      over = true;
      stop?.();
    };
  });
}

type Mqtt = typeof import('mqtt').default;
type Subscriber = import('rxjs').Subscriber<LinkEvent>;

function connect(mqtt: Mqtt, options: MqttLinkOptions, subscriber: Subscriber): () => void {
  const { reader, past, will, scheduler = asyncScheduler, staleAfter, now } = options;
  const id = options.client.clientId;
  let open = false;
  /** Or failed in a way that speaks for itself. */
  let answered = false;
  /** Packets that came before the subscriptions were confirmed. */
  const early: (() => void)[] = [];
  const held: { packet: Packet; ack: (() => void) | undefined }[] = [];
  let holds = true;

  const client = mqtt.connect({
    ...options.client,
    reconnectPeriod: 0,
    resubscribe: false,
    connectTimeout: CONNECT_MS,
    ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: will.retain } }),
  });
  options.after(new Promise((gone) => client.once('close', () => gone())));
  const receipts = new Receipts(client);
  const silence = new Silence(scheduler, staleAfter, {
    stale: () => subscriber.next({ kind: 'stale' }),
    awake: () => subscriber.next({ kind: 'awake' }),
    // the broker answers pings, or the client would have given up: what is silent are the senders
    end: () => subscriber.add(silence.start() ?? undefined),
  });

  function end(reason: string): void {
    if (subscriber.closed) return;
    subscriber.next({ kind: 'closed', reason });
    subscriber.complete();
  }

  client.on('connect', ({ sessionPresent }) => {
    answered = true;
    past.linked(sessionPresent);
    const wanted = reader.subscriptions();
    subscribe(wanted, (refused, granted) => {
      // what is retained and asked for again cannot be missed
      const kept = wanted.every(({ again }, i) => again || granted[i]! > 0);
      if (refused) end(refused);
      else opened(sessionPresent && !past.lossy && kept);
    });
  });
  client.on('error', (error) => {
    const { code, message } = error as Error & { code?: number | string };
    answered = true;
    if (!client.connected && (code === 1 || code === 132 || code === 'ECONNRESET')) options.misunderstood();
    end(message === 'connack timeout' ? `no answer within ${CONNECT_MS / 1000} s` : lower(message || String(code)));
  });
  client.on('disconnect', ({ reasonCode = 0 }) => {
    end(closedBy(mqtt.ReasonCodes[reasonCode as keyof typeof mqtt.ReasonCodes], id));
  });
  client.on('close', () => {
    if (!answered) options.misunderstood();
    end(closedBy('', id));
  });
  client.handleMessage = (packet, done) => {
    const { topic, payload, qos, retain, dup, messageId } = packet;
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const ack = qos === 1 ? receipts.of(messageId!) : undefined;
    const again = qos === 1 && past.has(messageId!, topic, bytes);
    const read: Packet = {
      topic,
      payload: bytes,
      qos: qos === 1 ? 1 : 0,
      retain,
      dup: dup || again,
      received: Math.round(now()),
    };
    if (open) take(read, ack);
    else early.push(() => take(read, ack));
    // an error keeps MQTT.js from acknowledging, and nothing else: it goes on with the next packet
    done(qos === 1 ? new Error('acknowledged later') : undefined);
  };

  function opened(resumed: boolean): void {
    open = true;
    reader.linked?.(resumed);
    subscriber.next(resumed ? { kind: 'open', resumed } : { kind: 'open' });
    subscriber.add(silence.start() ?? undefined);
    for (const told of early.splice(0)) told();
    if (will) client.publish(will.topic, will.online, { qos: 1, retain: will.retain });
    subscriber.add(scheduler.schedule(dropHeld, HELD_MS));
    if (!reader.look) return;
    const look = function (this: SchedulerAction<unknown>): void {
      tell(reader.look!(now()), undefined);
      this.schedule(undefined, LOOK_MS);
    };
    subscriber.add(scheduler.schedule(look, LOOK_MS));
  }

  function take(packet: Packet, ack: (() => void) | undefined): void {
    silence.heard();
    const { length } = packet.payload;
    if (length > MAX_PAYLOAD) {
      const reason = `a message of ${length} bytes on '${packet.topic}' is left out (expected at most ${MAX_PAYLOAD})`;
      tell([{ kind: 'note', reason }], ack);
      return;
    }
    const readings = reader.read(packet);
    past.lossy ||= packet.qos === 0 && !packet.retain && Boolean(readings?.some(({ kind }) => kind === 'message'));
    if (readings) tell(readings, ack);
    else if (holds && held.length < MOST_HELD) held.push({ packet, ack });
    else ack?.();
  }

  function tell(readings: readonly Reading[], ack: (() => void) | undefined): void {
    let left = readings.filter(({ kind }) => kind === 'message').length;
    if (left === 0) ack?.();
    const told = ack && (() => void (--left === 0 && ack()));
    let changed = false;
    for (const each of readings) {
      switch (each.kind) {
        case 'message':
          subscriber.next({ kind: 'message', data: each.data, ...(told && { ack: told }) });
          break;
        case 'gap':
          subscriber.next({ ...each, missing: null });
          break;
        case 'note':
          subscriber.next({ kind: 'awake', reason: each.reason });
          break;
        case 'publish':
          client.publish(each.topic, Buffer.from(each.payload), { qos: 0 });
          break;
        case 'subscribe':
          changed = true;
          if (each.subscriptions.length === 0) break;
          subscribe(each.subscriptions, (refused) => {
            if (refused) subscriber.next({ kind: 'awake', reason: refused });
          });
          break;
        case 'unsubscribe':
          if (each.filters.length > 0) client.unsubscribe(each.filters, () => {});
      }
    }
    if (changed) for (const { packet, ack: owed } of held.splice(0)) take(packet, owed);
  }

  function dropHeld(): void {
    holds = false;
    for (const { ack } of held.splice(0)) ack?.();
  }

  function subscribe(list: readonly Subscription[], then: (refused: string | null, granted: number[]) => void): void {
    const map = Object.fromEntries(list.map(({ filter, qos, again }) => [filter, { qos, rh: again ? 0 : 1 }]));
    client.subscribe(map, (error, _, packet) => {
      if (!error) then(null, packet?.granted as number[]);
      else if (packet) then(refusal(mqtt, list, packet.granted as number[]), []);
      else if (error.message !== 'Connection closed') then(lower(error.message), []);
    });
  }

  return () => {
    answered = true;
    if (!client.connected || client.stream.destroyed) {
      client.end(true);
      return;
    }
    // who stops a recording acknowledges the rest of it in the same turn
    setImmediate(() => {
      receipts.end();
      if (open && will) client.publish(will.topic, will.payload, { qos: 1, retain: will.retain });
      goodbye(client);
      setTimeout(() => client.stream.destroy(), GOODBYE_MS).unref();
    });
  };
}

/*
 * Two packets that MQTT.js has no function for at the moment when they are due, written to its (public) stream. They are the
 * same in both versions: PUBACK with a packet identifier and no reason, which means success, and DISCONNECT without one.
 */
function puback(client: MqttClient, ids: readonly number[]): void {
  client.stream.write(Buffer.from(ids.flatMap((id) => [0x40, 2, id >> 8, id & 0xff])));
}

/** `client.end` waits for what is not acknowledged yet; the broker knows what to do with that. */
function goodbye(client: MqttClient): void {
  client.stream.end(Buffer.of(0xe0, 0));
}

/** Acknowledgements leave in the order in which their messages came (4.6), in whatever order they are given. */
class Receipts {
  readonly #client: MqttClient;
  readonly #due: { id: number; given: boolean }[] = [];
  #planned = false;
  #over = false;

  constructor(client: MqttClient) {
    this.#client = client;
  }

  /** Takes note of a message; what is returned acknowledges it. */
  of(id: number): () => void {
    const receipt = { id, given: false };
    this.#due.push(receipt);
    return () => {
      receipt.given = true;
      if (this.#planned) return;
      this.#planned = true;
      // a chunk of a recording acknowledges many at once
      queueMicrotask(() => this.#send());
    };
  }

  /** What is not acknowledged by now never is, on this link. */
  end(): void {
    this.#send();
    this.#over = true;
  }

  #send(): void {
    this.#planned = false;
    if (this.#over || !this.#client.connected) return;
    const count = this.#due.findIndex(({ given }) => !given);
    const given = this.#due.splice(0, count < 0 ? this.#due.length : count);
    if (given.length > 0)
      puback(
        this.#client,
        given.map(({ id }) => id),
      );
  }
}

/**
 * What links before this one tell about it. A broker that was killed can forget that it sent something (mosquitto does), and
 * sends it again without the mark, with its old packet identifier: the same content under the number that it had on an
 * earlier link may be a repetition.
 */
export class Past {
  /** Something came at QoS 0: of that nothing is kept for us, whatever our subscription asks for. */
  lossy = false;
  #before = new Map<number, number>();
  #now = new Map<number, number>();

  /** A link begins: its session goes on, or is a new one. */
  linked(resumed: boolean): void {
    this.#before = new Map(resumed ? [...this.#before, ...this.#now] : []);
    this.#now = new Map();
  }

  has(id: number, topic: string, payload: Uint8Array): boolean {
    const content = crc32(payload, crc32(Buffer.from(topic)));
    const same = this.#before.get(id) === content;
    this.#before.delete(id);
    this.#now.set(id, content);
    return same;
  }
}

/** Which subscriptions the broker refused, and why. */
function refusal(mqtt: Mqtt, list: readonly Subscription[], granted: readonly number[]): string {
  const i = granted.findIndex((code) => code >= 0x80);
  const why = mqtt.ReasonCodes[granted[i] as keyof typeof mqtt.ReasonCodes] ?? 'unspecified error';
  return `the broker refused the subscription to '${list[i]?.filter}': ${lower(why)}`;
}

function closedBy(why: string, id: string): string {
  if (why === 'Session taken over')
    return `another client took over the id '${id}'; each needs a feed.clientId of its own`;
  // a broker of 3.1.1 closes without a word
  if (!why) return `the broker closed the connection; perhaps another client has the id '${id}'`;
  return `the broker closed the connection: ${lower(why)}`;
}

/** MQTT.js begins its messages in capitals; names of errors such as ECONNREFUSED stay. */
function lower(text: string): string {
  return text.replace(/(?<=^|: )[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
}

/** A stream of JetStream through a durable consumer: what is acknowledged is not sent again, all else is. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ConsumerConfig, ConsumerInfo, JetStreamManager, JsMsg, StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { enveloped } from '../../feeds/index.ts';
import { idOf, type Listen } from './natsLink.ts';
import { covers } from './natsSubjects.ts';

/** Which messages of which stream, and who keeps the place in it. */
export interface Consumer {
  stream: string;
  /** All of them where there are none. */
  subjects: readonly string[];
  durable: string;
  /** Of a consumer that has to be made, as are the other two. A number is a sequence number; times are ms since 1970 UTC. */
  from: 'new' | 'all' | 'last' | number | { time: number };
  /** Seconds without an acknowledgement after which a message is sent again. */
  ackWait: number;
  maxAckPending: number;
}

/** How far a feed has come, over all of its links: the highest number that it had, and which stream that was of. */
export interface Place {
  last: number | null;
  created: string;
}

/** How long a link that is not wanted any more waits for acknowledgements of what it gave, ms. */
const LINGER_MS = 2000;
/** Numbers of messages that are asked for again one by one. */
const MOST_RECALLED = 100_000;
const NS = 1e6;

/** @param staleAfter ms after which a silent link is stale, see `natsLink` */
export function consuming(wanted: Consumer, place: Place, staleAfter: number): Listen {
  const { stream, durable } = wanted;
  // a request outlives a connection that died without a word; what it is answered then is gone until `ackWait` is over
  const expires = staleAfter > 0 ? Math.min(Math.max(staleAfter, 1000), 30_000) : 30_000;
  return async (connection, say) => {
    const { jetstream, jetstreamManager } = await import('@nats-io/jetstream');
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const about = await found(manager.streams.info(stream));
    if (!about) throw new Error(`there is no stream '${stream}'`);
    const { first_seq: first, last_seq } = about.state;
    // a stream that was made anew, or that lost its end, counts from a number that was had before
    const anew = place.last !== null && (place.created !== about.created || place.last > last_seq);
    if (anew) place.last = null;
    const info = await consumerOf(manager, wanted, place);
    const dense = isDense(wanted, about);
    await recall(connection, info, oldestPending(info, dense, about));

    say.open();
    const before = place.last ?? startOf(info);
    if (anew) say.next({ kind: 'gap', reason: `the stream '${stream}' began anew`, missing: null });
    else if (before !== null && first > before + 1) gap(first - before - 1);
    place.created = about.created;
    place.last = before === null ? null : Math.max(before, first - 1);
    let delivered = info.delivered.consumer_seq;

    const pending = new Set<JsMsg>();
    let settled = (): void => {};
    const messages = await (await jetstream(connection).consumers.get(stream, durable)).consume({
      callback: take,
      max_messages: atOnce(info.config),
      expires,
      abort_on_missing_resource: true,
    });
    messages.closed().then((error) => error && say.fail(error));
    // whoever records may be slow: while the server hears of a message it does not send it again
    const working = setInterval(
      () => {
        for (const each of pending) each.working();
      },
      info.config.ack_wait! / NS / 3,
    );
    working.unref();

    function take(message: JsMsg): void {
      const { subject, data, headers, redelivered } = message;
      const { streamSequence: seq, deliverySequence, timestampNanos } = message.info;
      const elsewhere = deliverySequence > delivered + 1;
      delivered = Math.max(delivered, deliverySequence);
      const missing = place.last === null ? 0 : seq - place.last - 1;
      if (dense ? missing > 0 : elsewhere) gap(missing, elsewhere);
      place.last = Math.max(place.last ?? 0, seq);
      pending.add(message);
      const head = { subject, seq, place: `${seq}@${message.timestampNanos}`, time: timestampNanos / NS, redelivered };
      const ack = (): void => {
        pending.delete(message);
        if (!connection.isClosed()) message.ack();
        if (pending.size === 0) settled();
      };
      say.next({ kind: 'message', data: enveloped({ ...head, ...idOf(headers) }, data), ack });
    }

    function gap(missing: number | null, elsewhere = false): void {
      const reason = elsewhere
        ? `another program takes from the consumer '${durable}' as well`
        : `the stream '${stream}' no longer holds them`;
      say.next({ kind: 'gap', reason, missing: dense ? missing : null });
    }

    return async () => {
      void messages.close();
      const acknowledged = new Promise<void>((resolve) => {
        settled = resolve;
      });
      if (pending.size > 0)
        await Promise.race([acknowledged, connection.closed(), delay(LINGER_MS, undefined, { ref: false })]);
      clearInterval(working);
      if (!connection.isClosed()) await connection.flush().catch(() => {});
    };
  };
}

/** Messages that are asked for at once: no more than may wait for an acknowledgement; -1 is any number. */
function atOnce({ max_ack_pending: most = -1 }: ConsumerConfig): number {
  return most > 0 ? Math.min(256, most) : 256;
}

/** Whether the numbers of what is sent count by one: nothing is taken out of between. */
function isDense({ subjects }: Consumer, { config }: StreamInfo): boolean {
  if (subjects.length === 0) return true;
  const all = config.subjects ?? [];
  const own = all.length > 0 && !config.mirror && !config.sources;
  return own && all.every((each) => subjects.some((subject) => covers(subject, each)));
}

/** The highest number that needs no sending; null where the consumer does not say: it gave something, and heard no answer. */
function startOf({ ack_floor, delivered, config }: ConsumerInfo): number | null {
  if (ack_floor.consumer_seq > 0) return ack_floor.stream_seq;
  if (delivered.consumer_seq > 0) return null;
  return config.opt_start_seq === undefined ? delivered.stream_seq : config.opt_start_seq - 1;
}

/** The lowest number that may wait for an answer. */
function oldestPending({ ack_floor, delivered }: ConsumerInfo, dense: boolean, { state }: StreamInfo): number {
  const whole = dense && !state.num_deleted;
  const since = ack_floor.consumer_seq === 0 && whole ? delivered.stream_seq - delivered.consumer_seq : 0;
  return Math.max(ack_floor.stream_seq, since, state.first_seq - 1) + 1;
}

/** The consumer as it is, or a new one. What is there is never changed. */
async function consumerOf(manager: JetStreamManager, wanted: Consumer, { last }: Place): Promise<ConsumerInfo> {
  const { stream, durable, subjects, ackWait, maxAckPending } = wanted;
  const filters = subjects.length > 1 ? { filter_subjects: [...subjects] } : { filter_subject: subjects[0] };
  const info = await found(manager.consumers.info(stream, durable));
  if (!info) {
    const start = beginning(last === null ? wanted.from : last + 1);
    const limits = { ack_wait: ackWait * 1000 * NS, max_ack_pending: maxAckPending };
    const policy = { ack_policy: 'explicit', ...start } as Partial<ConsumerConfig>;
    return await manager.consumers.add(stream, { durable_name: durable, ...filters, ...limits, ...policy });
  }
  const { config } = info;
  const taken = config.filter_subjects ?? (config.filter_subject ? [config.filter_subject] : []);
  const wrong = config.deliver_subject
    ? 'is pushed to'
    : config.ack_policy !== 'explicit'
      ? `has the ack policy '${config.ack_policy}'`
      : taken.join() !== subjects.join()
        ? `takes ${taken.join(', ') || 'everything'}`
        : null;
  if (wrong) throw new Error(`the consumer '${durable}' ${wrong}: choose another \`durable\``);
  return info;
}

function beginning(from: Consumer['from']): object {
  if (typeof from === 'number') return { deliver_policy: 'by_start_sequence', opt_start_seq: from };
  if (typeof from === 'string') return { deliver_policy: from };
  return { deliver_policy: 'by_start_time', opt_start_time: new Date(from.time).toISOString() };
}

/**
 * Has everything that an earlier connection left unanswered sent again before anything new: left alone it would come
 * after `ackWait`, behind newer messages, and too late. The subject of an answer is documented (NATS ADR-15).
 */
async function recall(connection: NatsConnection, info: ConsumerInfo, from: number): Promise<void> {
  const { stream_name, name, delivered, num_ack_pending, config } = info;
  const to = delivered.stream_seq;
  if (num_ack_pending === 0 || from > to) return;
  const answer = (seq: number): string => `$JS.ACK.${stream_name}.${name}.1.${seq}.${delivered.consumer_seq}.0.0`;
  if (to - from >= MOST_RECALLED) return await delay(config.ack_wait! / NS);
  for (let seq = from; seq < to; seq++) connection.publish(answer(seq), '-NAK');
  // answered once all before it was heard
  await connection.request(answer(to), '-NAK', { timeout: 10_000 });
}

/** Null for what the server does not have. */
async function found<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (/^(?:stream|consumer) not found$/.test((error as Error).message)) return null;
    throw error;
  }
}

/** `sparkplug+mqtt:`: devices that say by Sparkplug B who they are, what they measure and when they are gone. */
import { z } from 'zod';
import { ConfigError, invalid } from '../../errors.ts';
import { enveloped, feedKind } from '../../feeds/index.ts';
import { filtersOf, mqttOptions, openMqtt, passing, topicFilter } from './mqtt.ts';
import type { Packet, Reader, Reading } from './mqttLink.ts';
import { addressOf, matches } from './mqttTopic.ts';
import { decodePayload, type Metric, metricValue, type Payload, rebirth } from './sparkplugPayload.ts';

/** A node is asked for its names at most as often, ms. */
const ASK_MS = 10_000;
const MOST_NODES = 10_000;
/** Of the protocol, not of what is measured. */
const CONTROL = /^(?:bdSeq$|(?:Node|Device) Control\/)/;

export const sparkplug = feedKind({
  schemes: ['sparkplug+mqtt', 'sparkplug+mqtts'],
  summary: 'devices that speak Sparkplug B, over MQTT',
  options: {
    ...mqttOptions,
    /** Filters beside that of the URL; default: spBv1.0/#. */
    topics: z.array(topicFilter).default([]),
  },
  envelope: {
    payload: 'payload',
    time: 'time',
    mapping: { key: { path: 'device' }, history: { path: 'historical' }, redelivered: { path: 'dup' } },
  },
  visit: passing,
  open: (source, edge) => {
    const all = addressOf(source.url).topic === '' && source.topics.length === 0;
    const filters = all ? ['spBv1.0/#'] : filtersOf(source, 'topic filter');
    for (const filter of filters)
      if (!/^(?:\$share\/[^/]+\/)?spBv1\.0\//.test(filter))
        throw new ConfigError(invalid('feed.topics', filter, 'a filter that begins with spBv1.0/'));
    return openMqtt(source, edge, ['sparkplug', filters], () => new SparkplugReader(filters, source.qos));
  },
});

/** An edge node: what its births said. */
interface Node {
  key: string;
  alive: boolean;
  /** Of the latest message; null: not known, any is right. */
  seq: number | null;
  /** The number that birth and death of one connection share. */
  bdSeq: string | null;
  /** Nothing was missed since its birth: aliases mean what that said. */
  trusted: boolean;
  devices: Set<string>;
  /** By alias: unique in the node and all its devices. */
  aliases: Map<bigint, string>;
  /** Types, by device and name. */
  types: Map<string, number | null>;
  /** When it was asked for a birth, ms. */
  asked: number;
}

/** Keeps the births of all nodes, and resolves names, types and times with them. Pure but for what it remembers. */
export class SparkplugReader implements Reader {
  readonly #nodes = new Map<string, Node>();
  readonly #filters: readonly string[];
  readonly #qos: 0 | 1;

  constructor(filters: readonly string[], qos: 0 | 1) {
    this.#filters = filters;
    this.#qos = qos;
  }

  subscriptions() {
    return this.#filters.map((filter) => ({ filter, qos: this.#qos }));
  }

  /** Of what was missed while there was no link nobody knows whether it was a birth. */
  linked(resumed: boolean): void {
    if (resumed) return;
    for (const node of this.#nodes.values()) {
      node.trusted = false;
      node.seq = null;
    }
  }

  read(packet: Packet): Reading[] {
    const [, group, type, name, ...rest] = packet.topic.split('/');
    if (!/^[ND](?:BIRTH|DATA|DEATH)$/.test(type ?? '') || !this.#filters.some((each) => matches(each, packet.topic)))
      return [];
    const node = this.#node(`${group}/${name}`);
    if (!node) return [];
    const device = type!.startsWith('D') ? `${node.key}/${rest.join('/')}` : node.key;
    let payload: Payload;
    try {
      payload = decodePayload(packet.payload);
    } catch {
      const { topic, retain, dup, received } = packet;
      // without a device: junk, counted as such
      return [{ kind: 'message', data: enveloped({ topic, received, retain, dup }, packet.payload) }];
    }
    if (type === 'NDEATH') return this.#death(node, bdSeqOf(payload));
    const readings: Reading[] = [];
    if (type === 'NBIRTH') readings.push(...this.#birth(node, payload, packet.dup));
    else readings.push(...this.#follow(node, payload.seq, packet.dup));
    if (type === 'DDEATH') {
      if (node.devices.delete(device)) readings.push(gap(device, 'is gone'));
    } else {
      const birth = type!.endsWith('BIRTH');
      if (birth) this.#learn(node, device, payload.metrics);
      readings.push(...this.#messages(node, device, payload, packet));
    }
    if (!node.trusted && packet.received - node.asked >= ASK_MS) {
      node.asked = packet.received;
      const topic = `spBv1.0/${group}/NCMD/${name}`;
      readings.push({ kind: 'publish', topic, payload: rebirth(packet.received) });
    }
    return readings;
  }

  #node(key: string): Node | null {
    const known = this.#nodes.get(key);
    if (known || this.#nodes.size >= MOST_NODES) return known ?? null;
    const node: Node = {
      key,
      alive: false,
      seq: null,
      bdSeq: null,
      trusted: false,
      devices: new Set(),
      aliases: new Map(),
      types: new Map(),
      asked: Number.NEGATIVE_INFINITY,
    };
    this.#nodes.set(key, node);
    return node;
  }

  #birth(node: Node, payload: Payload, dup: boolean): Reading[] {
    const bdSeq = bdSeqOf(payload);
    const same = bdSeq === node.bdSeq;
    if (dup && same && node.trusted) return [];
    // born again without a death: that was missed
    const missed = node.alive && !same ? gaps(node, 'began anew') : [];
    node.aliases.clear();
    node.types.clear();
    node.devices.clear();
    Object.assign(node, { alive: true, trusted: true, seq: payload.seq, bdSeq });
    return missed;
  }

  /** The will of a connection can come after the birth of the next one: it is no news then. */
  #death(node: Node, bdSeq: string | null): Reading[] {
    if (!node.alive || (bdSeq !== null && node.bdSeq !== null && bdSeq !== node.bdSeq)) return [];
    const gone = gaps(node, 'is gone');
    node.aliases.clear();
    Object.assign(node, { alive: false, trusted: false, seq: null });
    return gone;
  }

  /** Numbers go from 0 to 255 and round again, through the node and its devices. */
  #follow(node: Node, seq: number | null, dup: boolean): Reading[] {
    const { seq: last } = node;
    if (seq === null || (dup && last !== null && ((last - seq) & 255) < 128)) return [];
    node.seq = seq;
    if (last === null || seq === ((last + 1) & 255)) return [];
    node.trusted = false;
    return gaps(node, `went from message ${last} to ${seq}`);
  }

  #learn(node: Node, device: string, metrics: readonly Metric[]): void {
    if (device !== node.key) node.devices.add(device);
    for (const { name, alias, type } of metrics) {
      if (name === null) continue;
      if (alias !== null) node.aliases.set(alias, name);
      node.types.set(`${device}\n${name}`, type);
    }
  }

  /** One message for each time that the metrics of a payload have, in order. */
  #messages(node: Node, device: string, payload: Payload, packet: Packet): Reading[] {
    const { topic, retain, dup, received } = packet;
    const groups = new Map<string, { time: number; historical: boolean; values: [string, number | string][] }>();
    for (const metric of payload.metrics) {
      const name = metric.name ?? (node.trusted && metric.alias !== null ? node.aliases.get(metric.alias) : undefined);
      if (name === undefined) {
        node.trusted = false;
        continue;
      }
      const value = metricValue(metric, node.types.get(`${device}\n${name}`) ?? null);
      if (value === undefined || CONTROL.test(name)) continue;
      const time = metric.time ?? payload.time ?? received;
      const group = `${time} ${metric.historical}`;
      if (!groups.has(group)) groups.set(group, { time, historical: metric.historical, values: [] });
      // a dot would be a step of a path
      groups.get(group)!.values.push([name.replaceAll('.', '_'), value]);
    }
    return [...groups.values()]
      .sort((a, b) => a.time - b.time)
      .map(({ time, historical, values }) => {
        const head = { topic, device, seq: payload.seq, time, received, retain, dup, historical };
        const data = enveloped(head, new TextEncoder().encode(JSON.stringify(Object.fromEntries(values))));
        return { kind: 'message', data };
      });
  }
}

function bdSeqOf({ metrics }: Payload): string | null {
  const metric = metrics.find(({ name }) => name === 'bdSeq');
  return metric?.int === undefined ? null : String(metric.int);
}

function gap(key: string, what: string): Reading {
  return { kind: 'gap', key, reason: `${key} ${what}` };
}

/** Of a node and all its devices. */
function gaps({ key, devices }: Node, what: string): Reading[] {
  return [key, ...devices].map((each) => ({ kind: 'gap', key: each, reason: `${key} ${what}` }));
}

/** `homeassistant+mqtt:`: the sensors that announce themselves to Home Assistant. */
import { z } from 'zod';
import { ConfigError, invalid } from '../../errors.ts';
import { enveloped, feedKind } from '../../feeds/index.ts';
import { redactUrl } from '../../redact.ts';
import { compileTemplate, numberOf, TEMPLATES, type Template } from './homeAssistantTemplate.ts';
import { mqttOptions, openMqtt, passing } from './mqtt.ts';
import type { Packet, Qos, Reader, Reading, Subscription } from './mqttLink.ts';
import { addressOf, topicFault } from './mqttTopic.ts';

const MOST_SENSORS = 4_096;
/** States that say that there is none. */
const NOTHING = ['', 'None', 'unknown', 'unavailable'];
/** Kinds of sensors that measure no number. */
const WORDS = ['date', 'enum', 'timestamp'];

const envelope = {
  payload: 'payload',
  time: 'received',
  mapping: { key: { path: 'entity' }, history: { path: 'retain' }, redelivered: { path: 'dup' } },
};

export const homeAssistant = feedKind({
  schemes: ['homeassistant+mqtt', 'homeassistant+mqtts'],
  summary: 'sensors that announce themselves to Home Assistant, over MQTT',
  options: {
    ...mqttOptions,
    /** Under which they do. */
    prefix: z.string().min(1).default('homeassistant'),
  },
  mapping: () => ({
    time: { path: 'received', format: 'ms' },
    ...envelope.mapping,
    features: { value: 'payload.value' },
  }),
  envelope,
  visit: passing,
  open: (source, edge) => {
    const { url, prefix, qos } = source;
    if (addressOf(url).topic !== '')
      throw new ConfigError(invalid('feed.url', redactUrl(url), 'no topic behind the host: the sensors name theirs'));
    const fault = topicFault(prefix);
    if (fault) throw new ConfigError(invalid('feed.prefix', prefix, `a topic: ${fault}`));
    return openMqtt(source, edge, ['homeassistant', prefix], () => new HomeAssistantReader(prefix, qos));
  },
});

/** Where a sensor says whether it is there. */
interface Availability {
  topic: string;
  on: string;
  off: string;
  template: Template;
}

interface Sensor {
  /** Its key: unique_id, object_id or name. */
  entity: string;
  unit: string | null;
  stateTopic: string;
  template: Template;
  /** ms without a word after which it has none to say; 0: never. */
  expireAfter: number;
  availability: Availability[];
  mode: string;
  /** What was said on those topics. */
  there: Map<string, boolean>;
  /** It has a state, heard at that time, ms. */
  live: boolean;
  heardAt: number;
}

/** Full names of what discovery abbreviates, as far as it matters here. */
const NAMES: Readonly<Record<string, string>> = {
  avty: 'availability',
  avty_mode: 'availability_mode',
  avty_t: 'availability_topic',
  avty_tpl: 'availability_template',
  dev_cla: 'device_class',
  exp_aft: 'expire_after',
  obj_id: 'object_id',
  pl_avail: 'payload_available',
  pl_not_avail: 'payload_not_available',
  stat_cla: 'state_class',
  stat_t: 'state_topic',
  t: 'topic',
  uniq_id: 'unique_id',
  unit_of_meas: 'unit_of_measurement',
  val_tpl: 'value_template',
};

/** Knows the sensors that announced themselves, and what their topics say. */
export class HomeAssistantReader implements Reader {
  readonly #prefix: string;
  readonly #qos: Qos;
  /** By the topic of their announcement, with its text; null: it was refused. */
  readonly #sensors = new Map<string, { text: string; sensor: Sensor | null }>();
  /** Who listens to a topic. */
  readonly #topics = new Map<string, Set<Sensor>>();

  constructor(prefix: string, qos: Qos) {
    this.#prefix = prefix;
    this.#qos = qos;
  }

  subscriptions(): Subscription[] {
    // what is announced is retained: it must not wait behind states that it explains
    const announced = ['+', '+/+'].map((id) => `${this.#prefix}/sensor/${id}/config`);
    return [
      ...announced.map((filter): Subscription => ({ filter, qos: 0, again: true })),
      ...[...this.#topics.keys()].map((topic) => this.#subscription(topic)),
    ];
  }

  read(packet: Packet): Reading[] | null {
    const { topic, received } = packet;
    if (topic.startsWith(`${this.#prefix}/sensor/`) && topic.endsWith('/config')) return this.#announced(packet);
    const listening = this.#topics.get(topic);
    // a session brings states before we know whose they are
    if (!listening) return null;
    const payload = new TextDecoder().decode(packet.payload);
    return [...listening].flatMap((sensor) => [
      ...this.#available(sensor, topic, payload),
      ...(sensor.stateTopic === topic ? this.#state(sensor, payload, packet, received) : []),
    ]);
  }

  look(now: number): Reading[] {
    return [...this.#sensors.values()].flatMap(({ sensor }) => {
      if (!sensor?.live || sensor.expireAfter === 0 || now - sensor.heardAt < sensor.expireAfter) return [];
      return lost(sensor, `has said nothing for ${sensor.expireAfter / 1000} s`);
    });
  }

  #subscription(topic: string): Subscription {
    const states = [...(this.#topics.get(topic) ?? [])].some(({ stateTopic }) => stateTopic === topic);
    return { filter: topic, qos: this.#qos, again: !states };
  }

  #announced({ topic, payload }: Packet): Reading[] {
    const text = new TextDecoder().decode(payload);
    // announced again on every connection
    if (this.#sensors.get(topic)?.text === text) return [];
    const readings = this.#forget(topic);
    if (text === '') return readings;
    try {
      const sensor = sensorOf(text, topic);
      const { entity } = sensor;
      if ([...this.#sensors.values()].some((other) => other.sensor?.entity === entity))
        throw new ConfigError(invalid('unique_id', entity, 'one that no other sensor has'));
      if (this.#sensors.size >= MOST_SENSORS)
        throw new ConfigError(invalid('sensor', entity, `one of the first ${MOST_SENSORS}`));
      this.#sensors.set(topic, { text, sensor });
      // also where no topic is new: what waits may be this one's
      return [...readings, { kind: 'subscribe', subscriptions: this.#listen(sensor) }];
    } catch (error) {
      if (this.#sensors.size < MOST_SENSORS) this.#sensors.set(topic, { text, sensor: null });
      return [...readings, { kind: 'note', reason: `${topic} is left out: ${(error as Error).message}` }];
    }
  }

  /** To the topics of a sensor; @returns those that are new */
  #listen(sensor: Sensor): Subscription[] {
    const topics = new Set([sensor.stateTopic, ...sensor.availability.map(({ topic }) => topic)]);
    const added = [...topics].filter((topic) => !this.#topics.has(topic));
    for (const topic of added) this.#topics.set(topic, new Set());
    for (const topic of topics) this.#topics.get(topic)!.add(sensor);
    return added.map((topic) => this.#subscription(topic));
  }

  #forget(topic: string): Reading[] {
    const sensor = this.#sensors.get(topic)?.sensor;
    this.#sensors.delete(topic);
    if (!sensor) return [];
    const filters: string[] = [];
    for (const [each, listening] of this.#topics) {
      if (!listening.delete(sensor) || listening.size > 0) continue;
      this.#topics.delete(each);
      filters.push(each);
    }
    return [...lost(sensor, 'is announced no more'), { kind: 'unsubscribe', filters }];
  }

  #available(sensor: Sensor, topic: string, payload: string): Reading[] {
    const { availability, there, mode } = sensor;
    let said = false;
    for (const { topic: at, on, off, template } of availability) {
      const text = at === topic ? String(template(payload)) : null;
      if (text !== on && text !== off) continue;
      there.set(topic, text === on);
      said = true;
    }
    if (!said) return [];
    const off = availability.filter((each) => there.get(each.topic) === false).length;
    const latest = there.get(topic) === false;
    const gone = mode === 'latest' ? latest : mode === 'any' ? off === availability.length : off > 0;
    return gone ? lost(sensor, 'is unavailable') : [];
  }

  #state(sensor: Sensor, payload: string, { topic, retain, dup }: Packet, received: number): Reading[] {
    const found = sensor.template(payload);
    if (found === undefined) return [];
    if (typeof found === 'string' && NOTHING.includes(found.trim())) return lost(sensor, 'has no state');
    sensor.live = true;
    sensor.heardAt = received;
    const number = numberOf(found);
    const { entity, unit } = sensor;
    const head = { topic, entity, unit, received, retain, dup };
    const value = JSON.stringify({ value: Number.isNaN(number) ? found : number });
    return [{ kind: 'message', data: enveloped(head, new TextEncoder().encode(value)) }];
  }
}

/** A sensor that had a state has none: no line is to be drawn from here on. */
function lost(sensor: Sensor, what: string): Reading[] {
  if (!sensor.live) return [];
  sensor.live = false;
  return [{ kind: 'gap', key: sensor.entity, reason: `${sensor.entity} ${what}` }];
}

/** @throws Error for what is no sensor that measures a number */
function sensorOf(text: string, topic: string): Sensor {
  const config = fullNames(JSON.parse(text));
  const base = typeof config['~'] === 'string' ? config['~'] : '';
  const textOf = (name: string, from: Record<string, unknown> = config): string | undefined => {
    const value = from[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string' && typeof value !== 'number') throw new ConfigError(invalid(name, value, 'a text'));
    return String(value);
  };
  const topicOf = (name: string, from?: Record<string, unknown>): string => {
    const written = textOf(name, from) ?? '';
    const full = written.replace(/^~/, () => base).replace(/~$/, () => base);
    const fault = topicFault(full);
    if (fault) throw new ConfigError(invalid(name, full, `a topic: ${fault}`));
    return full;
  };
  const templateOf = (name: string, from?: Record<string, unknown>): Template => {
    const written = textOf(name, from);
    const template = written === undefined ? (payload: string) => payload : compileTemplate(written);
    if (!template) throw new ConfigError(invalid(name, written, TEMPLATES));
    return template;
  };
  const kind = textOf('device_class') ?? '';
  if (WORDS.includes(kind)) throw new ConfigError(invalid('device_class', kind, 'one whose states are numbers'));
  const expire = Number(config.expire_after ?? 0);
  if (!(expire >= 0)) throw new ConfigError(invalid('expire_after', config.expire_after, 'seconds'));
  const list = Array.isArray(config.availability) ? config.availability.map(fullNames) : [];
  if (config.availability_topic !== undefined)
    list.push({
      topic: config.availability_topic,
      payload_available: config.payload_available,
      payload_not_available: config.payload_not_available,
      value_template: config.availability_template,
    });
  const entity = textOf('unique_id') ?? textOf('object_id') ?? textOf('name') ?? topic.split('/').at(-2)!;
  if (entity === '' || entity.length > 200) throw new ConfigError(invalid('unique_id', entity, '1 to 200 letters'));
  return {
    entity,
    unit: textOf('unit_of_measurement') ?? null,
    stateTopic: topicOf('state_topic'),
    template: templateOf('value_template'),
    expireAfter: expire * 1000,
    availability: list.map((each) => ({
      topic: topicOf('topic', each),
      on: textOf('payload_available', each) ?? 'online',
      off: textOf('payload_not_available', each) ?? 'offline',
      template: templateOf('value_template', each),
    })),
    mode: textOf('availability_mode') ?? 'latest',
    there: new Map(),
    live: false,
    heardAt: 0,
  };
}

function fullNames(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(invalid('announcement', value, 'an object'));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [NAMES[name] ?? name, each]));
}

/** `nats:`: subjects of a NATS server, or a stream of its JetStream. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { asyncScheduler, defer, type Observable } from 'rxjs';
import { z } from 'zod';
import { ConfigError, invalid } from '../../errors.ts';
import { type Envelope, type FeedSource, feedKind, type LinkEvent, reconnecting } from '../../feeds/index.ts';
import { isoTime } from '../../feeds/time.ts';
import { redactUrl, SECRET } from '../../redact.ts';
import { checkFile } from './file.ts';
import { type Access, natsLink, subscribing } from './natsLink.ts';
import { type Consumer, consuming, type Place } from './natsStream.ts';
import { overlap, subjectFault } from './natsSubjects.ts';

const name = z.string().regex(/^[^\s.*>/\\]{1,200}$/, {
  error: 'a name of up to 200 letters, without blanks, dots, slashes, * and >',
});

const options = {
  /** What is listened to, beside the path of the URL; with a stream: what is taken of it, default all. */
  subjects: z.union([z.string(), z.array(z.string()).min(1)], { error: 'a subject or a list of subjects' }).default([]),
  /** Of JetStream; it must be there already. Default: none, messages are taken as they pass. */
  stream: name.optional(),
  /** Consumer that keeps the place in the stream; made where there is none. */
  durable: name.optional(),
  /** Where a consumer that is made begins: a sequence number, a time, or */
  from: z
    .union(
      [z.enum(['new', 'all', 'last']), z.int().min(1), z.string().refine((text) => !Number.isNaN(isoTime(text)))],
      {
        error: 'new, all, last, a sequence number or an ISO time',
      },
    )
    .default('new'),
  /** Of a consumer that is made: seconds without an acknowledgement after which a message is sent again, and how many may wait for one. */
  ackWait: z.number().min(1).max(3600).default(30),
  maxAckPending: z.int().min(1).max(65_536).default(1000),
  user: z.string().optional(),
  password: z.string().optional(),
  token: z.string().optional(),
  /** Files: a seed, and what `nsc` writes. */
  nkey: z.string().optional(),
  creds: z.string().optional(),
  /** Files, as PEM. `first`: the server wants TLS before it says anything. */
  tls: z
    .strictObject({
      ca: z.string().optional(),
      cert: z.string().optional(),
      key: z.string().optional(),
      first: z.boolean().default(false),
    })
    .optional(),
};

type Source = FeedSource & z.infer<z.ZodObject<typeof options>>;

const plain: Envelope = { payload: 'payload', time: 'received', mapping: { key: { path: 'subject' } } };
const streamed: Envelope = {
  payload: 'payload',
  time: 'time',
  mapping: { key: { path: 'subject' }, id: { path: 'place' }, redelivered: { path: 'redelivered' } },
};

export const nats = feedKind({
  schemes: ['nats', 'nats+tls'],
  summary: 'subjects of NATS, or a stream of its JetStream',
  options,
  envelope: (source) => (streamOf(source) === undefined ? plain : streamed),
  open(source, edge) {
    const staleAfter = source.staleAfter * 1000;
    const { scheduler = asyncScheduler } = edge;
    const [access, subjects, consumer] = [accessOf(source), subjectsOf(source), consumerOf(source)];
    return defer(() => {
      // a place of each subscriber: what another one had may be sent again
      const place: Place = { last: null, created: '' };
      const listen = consumer ? consuming({ ...consumer, subjects }, place, staleAfter) : subscribing(subjects, edge);
      const link = (): Observable<LinkEvent> => natsLink(access, listen, staleAfter, scheduler);
      const feed = redactUrl(source.url);
      return reconnecting(link, {
        ...edge,
        scheduler,
        staleAfter: staleAfter * 1000,
        feed,
        resumes: consumer !== null,
      });
    });
  },
});

/** The stream stands in the URL as well, so that a command needs no config: `nats://host/subject.>?stream=NAME`. */
function streamOf({ url, stream }: Source): string | undefined {
  return stream ?? new URL(url).searchParams.get('stream') ?? undefined;
}

function consumerOf(source: Source): Omit<Consumer, 'subjects'> | null {
  const { url, durable, from, ackWait, maxAckPending } = source;
  for (const key of new URL(url).searchParams.keys())
    if (key !== 'stream') throw new ConfigError(invalid('feed.url', `?${key}`, 'nothing but ?stream=NAME'));
  const stream = streamOf(source);
  if (stream === undefined) return null;
  const checked = name.safeParse(stream);
  if (!checked.success) throw new ConfigError(invalid('feed.stream', stream, checked.error.issues[0]!.message));
  const digest = createHash('sha256').update(JSON.stringify([stream, subjectsOf(source)]));
  return {
    stream,
    durable: durable ?? `whytick-${digest.digest('hex').slice(0, 12)}`,
    from: typeof from === 'string' && !/^[nal]/.test(from) ? { time: isoTime(from) } : (from as Consumer['from']),
    ackWait,
    maxAckPending,
  };
}

/** @throws ConfigError for what is no subject, subjects of which messages would come twice, and none without a stream */
function subjectsOf(source: Source): string[] {
  const path = decoded(new URL(source.url).pathname.slice(1));
  const subjects = [...(path === '' ? [] : path.split(',')), ...[source.subjects].flat()];
  for (const [i, subject] of subjects.entries()) {
    const fault = subjectFault(subject);
    if (fault) throw new ConfigError(invalid('feed.subjects', subject, fault));
    const other = subjects.slice(0, i).find((before) => overlap(before, subject));
    if (other !== undefined)
      throw new ConfigError(invalid('feed.subjects', subject, `subjects of which none holds what '${other}' does`));
  }
  if (subjects.length === 0 && streamOf(source) === undefined)
    throw new ConfigError(invalid('feed.url', redactUrl(source.url), 'a subject: nats://host:4222/subject.>'));
  return subjects;
}

/** @throws ConfigError for files that cannot be read */
function accessOf({ url, user, password, token, nkey, creds, tls }: Source): Access {
  const { protocol, host, port, username, password: secret } = new URL(url);
  if (host === '') throw new ConfigError(invalid('feed.url', redactUrl(url), 'a host: nats://host:4222/subject.>'));
  // as NATS has it, a name without a password is a token
  const [own, word] = [decoded(username), decoded(secret)];
  const files = { nkey, creds, 'tls.ca': tls?.ca, 'tls.cert': tls?.cert, 'tls.key': tls?.key };
  for (const [field, path] of Object.entries(files)) {
    if (path === undefined) continue;
    if (/^S[A-Z2-7]{50,}$|-----BEGIN/.test(path))
      throw new ConfigError(`invalid feed.${field}: ${SECRET} (expected the path of a file that holds it)`);
    checkFile(path, `feed.${field}`);
  }
  const called = user ?? (word === '' ? undefined : own);
  return {
    server: port === '' ? `${host}:4222` : host,
    ...(called === undefined ? {} : { user: called, pass: password ?? word }),
    ...(own !== '' && word === '' ? { token: own } : {}),
    ...(token === undefined ? {} : { token }),
    nkey: nkey === undefined ? null : () => readFileSync(nkey),
    creds: creds === undefined ? null : () => readFileSync(creds),
    tls: protocol === 'nats+tls:' || tls ? { ca: tls?.ca, cert: tls?.cert, key: tls?.key, first: tls?.first } : null,
  };
}

/** What is not percent-encoded right is meant as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

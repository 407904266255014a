/** One connection to a NATS server. The client's own reconnecting is off: it would hide what went missing. */
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { Observable, type SchedulerLike } from 'rxjs';
import { type Edge, enveloped, type LinkEvent } from '../../feeds/index.ts';
import { Silence } from '../../feeds/silence.ts';

/** How to get in. Files are read anew for every connection. */
export interface Access {
  server: string;
  user?: string;
  pass?: string;
  token?: string;
  nkey: (() => Uint8Array) | null;
  creds: (() => Uint8Array) | null;
  /** Paths; null: where the server asks for it. */
  tls: {
    ca?: string | undefined;
    cert?: string | undefined;
    key?: string | undefined;
    first?: boolean | undefined;
  } | null;
}

/** What a listener may say of its link. */
export interface Say {
  /** Once everything was asked for and granted. */
  open(): void;
  next(event: LinkEvent): void;
  /** It cannot go on. */
  fail(error: unknown): void;
}

/** What is asked of a connection. Resolves with what is left to do before the connection is closed. */
export type Listen = (connection: NatsConnection, say: Say) => Promise<() => Promise<void>>;

const CONNECT_MS = 10_000;

/**
 * A connection from its beginning to its end. Never errors.
 * @param staleAfter ms in which the server answers nothing after which the link is stale; it is asked three times as often
 */
export function natsLink(
  access: Access,
  listen: Listen,
  staleAfter: number,
  scheduler: SchedulerLike,
): Observable<LinkEvent> {
  return new Observable((subscriber) => {
    let opened = false;
    const end = (reason: string): void => {
      subscriber.next({ kind: 'closed', reason });
      subscriber.complete();
    };
    const fail = (error: unknown): void => end(reasonOf(error));
    const silence = new Silence(scheduler, staleAfter, {
      stale: () => subscriber.next({ kind: 'stale' }),
      awake: () => subscriber.next({ kind: 'awake' }),
      end,
    });

    async function begin(): Promise<void> {
      const connection = await dial(access);
      let leave = async (): Promise<void> => {};
      subscriber.add(() => void leave().finally(() => connection.close()));
      if (subscriber.closed) return;
      connection.closed().then((error) => (error ? fail(error) : end('the server has closed the connection')));
      void watch(connection);
      const open = (): void => {
        if (opened) return;
        opened = true;
        subscriber.next({ kind: 'open' });
        subscriber.add(silence.start() ?? undefined);
        if (staleAfter > 0) ask(connection);
      };
      const left = await listen(connection, {
        open,
        fail,
        next(event) {
          open();
          silence.heard();
          subscriber.next(event);
        },
      });
      leave = left;
      if (subscriber.closed) await left().finally(() => connection.close());
      else open();
    }

    /** A subject without messages is not stale: the server's answer is a sign of life. */
    function ask(connection: NatsConnection): void {
      const every = staleAfter / 3;
      subscriber.add(
        scheduler.schedule(function () {
          connection.flush().then(
            () => silence.heard(),
            () => {},
          );
          this.schedule(undefined, every);
        }, every),
      );
    }

    async function watch(connection: NatsConnection): Promise<void> {
      for await (const { type } of connection.status()) if (type === 'ldm') end('the server is about to shut down');
    }

    begin().catch(fail);
  });
}

/** Subjects as they pass: what is sent while nobody listens is gone. */
export function subscribing(subjects: readonly string[], { now = Date.now }: Pick<Edge, 'now'>): Listen {
  return async (connection, { next, fail }) => {
    for (const each of subjects) {
      connection.subscribe(each, {
        callback(error, message) {
          if (error) return fail(error);
          const { subject, data, headers } = message;
          const head = { subject, received: now(), ...idOf(headers) };
          next({ kind: 'message', data: enveloped(head, data) });
        },
      });
    }
    // a refused subscription is told before this is answered
    await connection.flush();
    return async () => {};
  };
}

/** What the sender called a message so that it counts once, where it did. */
export function idOf(headers: { get(name: string): string } | undefined): { id?: string } {
  const id = headers?.get('Nats-Msg-Id');
  return id ? { id } : {};
}

async function dial({ server, nkey, creds, tls, ...access }: Access): Promise<NatsConnection> {
  const { connect, credsAuthenticator, nkeyAuthenticator } = await import('@nats-io/transport-node');
  const authenticator = creds ? credsAuthenticator(creds) : nkey ? nkeyAuthenticator(() => trimmed(nkey())) : undefined;
  const options: ConnectionOptions = {
    servers: [server],
    name: 'whytick',
    reconnect: false,
    ignoreClusterUpdates: true,
    timeout: CONNECT_MS,
    noAsyncTraces: true,
    ...access,
    ...(authenticator ? { authenticator } : {}),
    ...(tls ? { tls: { caFile: tls.ca, certFile: tls.cert, keyFile: tls.key, handshakeFirst: tls.first } } : {}),
  } as ConnectionOptions;
  return await connect(options);
}

/** Files end in a new line, seeds do not. */
function trimmed(seed: Uint8Array): Uint8Array {
  return new TextEncoder().encode(new TextDecoder().decode(seed).trim());
}

/** What went wrong, for a person. */
export function reasonOf(error: unknown): string {
  const { name, message, code, operation, subject } = error as Error & Record<'code' | 'operation' | 'subject', string>;
  switch (name) {
    case 'AuthorizationError':
      return `the server refuses these credentials: ${message}`;
    case 'UserAuthenticationExpiredError':
      return 'the credentials have expired';
    case 'PermissionViolationError':
      return `no permission to ${operation === 'publish' ? 'publish' : 'subscribe'} to ${subject}`;
    case 'TimeoutError':
      return 'the server does not answer in time';
    default:
      return /CERT|TLS|SSL/.test(code ?? '') ? `TLS: ${message}` : message;
  }
}

/** The page's one socket: opens, listens for silence, reconnects with capped, jittered backoff. */

export type Phase = 'connecting' | 'open' | 'waiting' | 'stopped';

export interface Link {
  phase: Phase;
  /** Attempts since it last worked. */
  attempt: number;
  /** When the next attempt is due (ms of `performance.now()`), while waiting. */
  retryAt: number;
  /** When anything was last heard (same clock); NaN before. */
  heardAt: number;
  /** Whether it ever worked. */
  opened: boolean;
  /** Why it is down, in words. */
  reason: string;
}

export interface Handlers {
  text(message: string): void;
  frame(bytes: Uint8Array): void;
  changed(): void;
}

const SILENT_MS = 5000;
const CAP_MS = 30_000;

/** Wait before attempt n (0 is the first after a loss): doubles from half a second to thirty, between half of it and all of it. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  return Math.min(CAP_MS, 500 * 2 ** Math.min(attempt, 10)) * (0.5 + 0.5 * random());
}

export class Connection {
  readonly link: Link = { phase: 'connecting', attempt: 0, retryAt: 0, heardAt: Number.NaN, opened: false, reason: '' };
  readonly #url: string;
  readonly #handlers: Handlers;
  #socket: WebSocket | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(url: string, handlers: Handlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  /** Opens now, also while it waits for the next attempt. */
  open(): void {
    clearTimeout(this.#retry);
    this.#drop();
    this.#change('connecting');
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      this.link.heardAt = performance.now();
      if (this.link.phase !== 'open') this.#opened();
      if (typeof data === 'string') this.#handlers.text(data);
      else this.#handlers.frame(new Uint8Array(data as ArrayBuffer));
    };
    socket.onclose = ({ code }) => this.#lost(code === 1001 ? 'the server stopped' : 'the connection closed');
    const asked = performance.now();
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      const since = Math.max(asked, Number.isNaN(this.link.heardAt) ? 0 : this.link.heardAt);
      if (performance.now() - since > SILENT_MS) this.#lost(`nothing heard for ${SILENT_MS / 1000} s`);
    }, 1000);
  }

  /** Closes for good: what runs at the other end is not understood. */
  stop(): void {
    clearTimeout(this.#retry);
    this.#drop();
    this.#change('stopped');
  }

  send(message: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #opened(): void {
    this.link.attempt = 0;
    this.link.opened = true;
    this.link.reason = '';
    this.#change('open');
  }

  #lost(reason: string): void {
    this.#drop();
    const wait = backoff(this.link.attempt++);
    this.link.retryAt = performance.now() + wait;
    this.link.reason = reason;
    this.#change('waiting');
    this.#retry = setTimeout(() => this.open(), wait);
  }

  #drop(): void {
    clearInterval(this.#watch);
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #change(phase: Phase): void {
    this.link.phase = phase;
    this.#handlers.changed();
  }
}

/** What a browser does not tell when it is refused a socket: whether the server answers, and only wants a token. */
export async function tokenNeeded(): Promise<boolean> {
  try {
    return (await fetch('/session')).status === 401;
  } catch {
    return false;
  }
}

/**
 * Exchanges a token that came in the address (`#token=...`) for a cookie, and clears it from the address.
 * @returns null when there was none or it was taken, else what is wrong
 */
export async function exchangeToken(): Promise<string | null> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  try {
    const response = await fetch('/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    return response.ok ? null : `The server refused this token (${response.status}).`;
  } catch {
    return 'The token could not be sent: the server does not answer.';
  }
}

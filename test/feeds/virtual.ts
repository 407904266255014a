import { VirtualTimeScheduler } from 'rxjs';
import type { Socket } from '../../src/feeds/socket.ts';

/** Virtual time that a test moves by hand. */
export class Time extends VirtualTimeScheduler {
  /** Lets `ms` pass. */
  pass(ms: number): void {
    const until = this.frame + ms;
    this.schedule(() => {}, ms);
    this.maxFrames = until;
    this.flush();
  }
}

/** A WebSocket whose other end is the test. */
export class FakeSocket implements Socket {
  binaryType = '';
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  readonly url: string;
  readonly sent: string[] = [];
  abandoned = false;

  constructor(url: string) {
    this.url = url;
  }

  send(data: string): void {
    this.sent.push(data);
  }

  close(): void {
    this.abandoned = true;
  }

  opens(): void {
    this.onopen?.({} as never);
  }

  says(data: string | ArrayBuffer): void {
    this.onmessage?.({ data } as never);
  }

  ends(code: number, reason = ''): void {
    this.onclose?.({ code, reason } as never);
  }

  fails(message: string): void {
    this.onerror?.({ message } as never);
    this.ends(1006);
  }
}

/** A constructor of fake sockets and the list of those it made. */
export function fakeSockets(): { WebSocket: new (url: string) => FakeSocket; sockets: FakeSocket[] } {
  const sockets: FakeSocket[] = [];
  return {
    sockets,
    WebSocket: class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    },
  };
}

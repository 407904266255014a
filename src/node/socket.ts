import { WebSocket } from 'ws';
import { MAX_PAYLOAD, type SocketConstructor } from '../feeds/socket.ts';

/** The WebSocket of `ws` as a feed uses it: bounded messages, no compression, bounded waits. */
class NodeSocket extends WebSocket {
  constructor(url: string) {
    super(url, { maxPayload: MAX_PAYLOAD, perMessageDeflate: false, handshakeTimeout: 10_000 });
  }
}

export const FeedSocket = NodeSocket as unknown as SocketConstructor;

/** Receive times finer than a millisecond: ms since 1970 UTC on the monotonic clock of this process. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}

import { WebSocket } from 'ws';
import { MAX_PAYLOAD, type SocketConstructor } from '../feeds/socket.ts';

/** The WebSocket of `ws` as a feed uses it: bounded messages, no compression, bounded waits. */
class NodeSocket extends WebSocket {
  constructor(url: string) {
    super(url, { maxPayload: MAX_PAYLOAD, perMessageDeflate: false, handshakeTimeout: 10_000 });
  }
}

export const FeedSocket = NodeSocket as unknown as SocketConstructor;

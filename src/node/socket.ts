import { WebSocket } from 'ws';
import { MAX_PAYLOAD, type SocketConstructor } from '../feeds/socket.ts';

/** The WebSocket of `ws` as a feed uses it: bounded messages and waits, compression where it is asked for. */
class NodeSocket extends WebSocket {
  constructor(url: string, { deflate = false }: { deflate?: boolean } = {}) {
    super(url, { maxPayload: MAX_PAYLOAD, perMessageDeflate: deflate, handshakeTimeout: 10_000 });
  }
}

export const FeedSocket = NodeSocket as unknown as SocketConstructor;

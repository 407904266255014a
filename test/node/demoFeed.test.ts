import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type DemoFeed, startDemoFeed } from '../../src/node/demoFeed.ts';

const DAY = 86_400_000;
const rows = Array.from({ length: 205 }, (_, index) => ({
  index,
  time: index * DAY,
  key: '',
  values: { a: index, b: -index },
}));

let feed: DemoFeed | undefined;
const sockets: WebSocket[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const socket of sockets.splice(0)) socket.terminate();
  await feed?.close();
  feed = undefined;
});

async function start(options: { speed?: number; historyUntil?: number } = {}): Promise<DemoFeed> {
  feed = await startDemoFeed({ rows, columns: ['a'], historyUntil: 199 * DAY, type: 'reading', ...options });
  return feed;
}

function listen({ url }: DemoFeed): Record<string, unknown>[] {
  const messages: Record<string, unknown>[] = [];
  const socket = new WebSocket(url);
  sockets.push(socket);
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  return messages;
}

describe('the demo feed', () => {
  it('sends a reset, the history, then the rest, and begins again', async () => {
    const messages = listen(await start({ speed: 1000 }));
    await vi.waitFor(() => expect(messages.length).toBeGreaterThan(208), 5000);
    expect(messages[0]).toEqual({ type: 'reset' });
    expect(messages[1]).toEqual({ type: 'reading', seq: 0, time: '1970-01-01', a: 0, history: true });
    expect(messages.slice(1, 206).map(({ seq }) => seq)).toEqual(rows.map(({ index }) => index));
    expect(messages.filter(({ history }) => history).length).toBeGreaterThanOrEqual(200);
    expect(messages[201]).toEqual({ type: 'reading', seq: 200, time: '1970-07-20', a: 200 });
    expect(messages[206]).toEqual({ type: 'reset' });
    expect(messages[207]).toMatchObject({ seq: 0, history: true });
  });

  it('plays to each client from the start', async () => {
    const running = await start({ speed: 0.1 });
    const one = listen(running);
    await vi.waitFor(() => expect(one.length).toBeGreaterThanOrEqual(202), 5000);
    const other = listen(running);
    await vi.waitFor(() => expect(other.length).toBeGreaterThanOrEqual(202), 5000);
    expect(other.slice(0, 202)).toEqual(one.slice(0, 202));
  });

  it('takes a new speed while it runs', async () => {
    const running = await start({ speed: 0.1 });
    const messages = listen(running);
    await vi.waitFor(() => expect(messages.length).toBeGreaterThanOrEqual(202), 5000);
    running.speed = 1000;
    await vi.waitFor(() => expect(messages.length).toBeGreaterThan(206), 5000);
    expect(running.speed).toBe(1000);
  });

  it.each([0, -1, 0.05, 1001, Number.NaN])('refuses the speed %d', async (speed) => {
    await expect(start({ speed })).rejects.toThrow(`invalid speed: ${speed} (expected a factor from 0.1 to 1000)`);
    const running = await start();
    expect(() => {
      running.speed = speed;
    }).toThrow('invalid speed');
    expect(running.speed).toBe(1);
  });
});

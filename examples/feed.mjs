// A sensor's feed for examples/sensor.yaml: node examples/feed.mjs
// It sends a day of Seattle's weather ten times a second, as ws://127.0.0.1:9000 (or the port given).
import { readFileSync } from 'node:fs';
import { WebSocketServer } from 'ws';

const [, ...rows] = readFileSync(new URL('../demo/seattle-weather.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 9000) });
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}`));

server.on('connection', (socket) => {
  let next = 0;
  socket.on('message', () => socket.send(JSON.stringify({ kind: 'subscribed' })));
  const timer = setInterval(() => {
    const n = next++;
    const [day, precipitation, high, low, wind] = rows[n % rows.length].split(',');
    if (n > 0 && n % rows.length === 0) socket.send(JSON.stringify({ kind: 'restart' }));
    const readings = { temperature: { high, low }, precipitation: Number(precipitation), wind: Number(wind) };
    socket.send(JSON.stringify({ kind: 'reading', station: 'Seattle', number: n, day, readings }));
  }, 100);
  socket.on('close', () => clearInterval(timer));
});

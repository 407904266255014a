/** Right column: feed and engine, what is lost and what it costs, as the server's status says four times a second. */

import { THIN } from '../../src/numbers.ts';
import { el, glyph, setClass, setText, show } from '../dom.ts';
import { age, bytes, clock, count, plainRate, ticks } from '../format.ts';
import type { Panel } from '../snapshot.ts';
import type { View } from '../view.ts';

export function enginePanel(host: HTMLElement, view: View): Panel {
  const verdict = el('span', 'verdict right');
  const list = el('dl', 'facts');
  host.append(el('div', 'section-head', {}, el('h2', 'section', {}, 'Feed and engine'), verdict), list);
  const rows = new Map<string, HTMLElement>();
  const fact = (name: string, value: string, bad = false) => {
    let node = rows.get(name);
    if (!node) {
      node = el('dd');
      rows.set(name, node);
      list.append(el('div', '', {}, el('dt', '', {}, name), node));
    }
    setText(node, value);
    setClass(node, bad ? 'bad' : '');
  };
  return {
    state(state) {
      const { status, series, dropped, unreadable } = view.store;
      show(host, status !== null);
      if (!status) return;
      const { link } = view.connection;
      const lost = state.kind === 'lost';
      fact('Connection', lost ? (link.phase === 'waiting' ? 'lost' : 'reconnecting') : 'open', lost);
      fact('Feed', `${lost ? 'unknown, was ' : ''}${status.feed.state}`, status.feed.state !== 'open');
      fact('Rate', `${plainRate(status.ticksPerSecond)} tick/s`);
      fact('Last tick', lost ? `${age(state.age)} ago` : lastTick(status.lastReceived));
      if (status.closed + status.stale > 0)
        fact('Reconnects, silences', `${count(status.closed)}, ${count(status.stale)}`, true);
      fact('Gaps, late', `${count(status.gaps)}, ${count(status.late)}`, status.gaps + status.late > 0);
      fact('Duplicates, invalid', `${count(status.duplicates)}, ${count(status.invalid)}`, status.invalid > 0);
      if (status.revised > 0) fact('Bars revised', count(status.revised));
      if (status.redelivered > 0) fact('Perhaps repeated', count(status.redelivered), true);
      if (status.filled > 0) fact('Filled afterwards', count(status.filled));
      fact('Held values', count(status.held));
      fact(
        'Explained',
        status.explained === status.ticks
          ? `all ${ticks(status.ticks)}`
          : `${count(status.explained)} of ${ticks(status.ticks)}`,
      );
      fact('Time per tick', `${plainRate(status.tickMs)}${THIN}ms, p99 ${plainRate(status.tickMsP99)}`);
      fact('Receive to send', `p99 ${plainRate(status.sendMsP99)}${THIN}ms`);
      const memory = series && series.end > 0 ? series.memory[series.slot(series.end - 1)]! : Number.NaN;
      fact('Model memory', Number.isFinite(memory) ? ticks(memory) : '\u2013');
      fact('Queue drops', count(Math.max(status.queueDropped, dropped)), status.queueDropped + dropped > 0);
      const { open, answered, refused } = status.questions;
      fact('Questions', `${count(answered)} answered, ${count(open)} open`, refused > 0);
      if (unreadable > 0) fact('Unreadable', `${count(unreadable)} frames`, true);
      const { recording } = status;
      fact(
        'Recording',
        recording === null
          ? 'none'
          : recording.state === 'failed'
            ? `failed: ${recording.reason ?? ''}`
            : `${ticks(recording.ticks)}, ${bytes(recording.bytes)}`,
        recording?.state === 'failed',
      );
      const losses = status.gaps + status.late + status.invalid + status.queueDropped + dropped;
      const whole = status.explained === status.ticks;
      const text = lost
        ? `lost for ${age(state.age)}`
        : losses === 0 && whole
          ? 'nothing hidden, nothing dropped'
          : losses === 0
            ? 'not every tick explained'
            : `${count(losses)} lost or refused`;
      if (verdict.dataset.text !== text) {
        verdict.dataset.text = text;
        const good = !lost && losses === 0 && whole;
        verdict.replaceChildren(glyph(good ? 'dot' : lost ? 'cross' : 'warning'), text);
        setClass(verdict, `verdict right ${good ? 'good' : lost ? 'lost' : 'warn'}`);
      }
    },
  };
}

function lastTick(received: number | null): string {
  return received === null ? 'none yet' : `${clock(received)} UTC`;
}

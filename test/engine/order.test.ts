import { describe, expect, it } from 'vitest';
import { Order } from '../../src/engine/order.ts';

const tick = (seq: number, time: number) => ({ key: 'X', time, seq, id: `${seq}`, values: { price: seq } });
const told = (order: Order, ...ticks: [seq: number, time: number][]) =>
  ticks.map(([seq, time]) => {
    const place = order.check(tick(seq, time));
    return place.take ? place.missing : place.why;
  });

describe.each([false, true])('numbers that outlive connections, ticks in any order: %s', (reorders) => {
  it('tell after a reconnect how many are missing', () => {
    const order = new Order(1024, reorders, true);
    expect(told(order, [7, 70], [8, 80])).toEqual([0, 0]);
    order.reconnected();
    expect(told(order, [8, 80], [12, 120])).toEqual(['duplicate', 3]);
  });

  it('that begin anew are taken at the third later one, as a gap of unknown size', () => {
    const order = new Order(1024, reorders, true);
    expect(told(order, [1000, 10])).toEqual([0]);
    const anew = told(order, [1, 20], [2, 30], [3, 40], [4, 50], [6, 60]);
    expect(anew.slice(2)).toEqual([null, 0, 1]);
  });
});

it('numbers that were passed are no new ones while their times are no later', () => {
  const order = new Order(1024, false, true);
  expect(told(order, [100, 100], [50, 50], [51, 60], [52, 100], [53, 100], [101, 110])).toEqual([
    ...[0, 'late', 'late', 'late', 'late'],
    0,
  ]);
  // one of them later than all before, now and then, is no new beginning either
  expect(told(order, [60, 120], [61, 130], [102, 140], [62, 150], [63, 160], [103, 170])).toEqual([
    ...['late', 'late', 0, 'late', 'late'],
    0,
  ]);
});

it('numbers of a connection begin anew with the next', () => {
  const order = new Order();
  expect(told(order, [7, 70])).toEqual([0]);
  order.reconnected();
  expect(told(order, [12, 120])).toEqual([0]);
});

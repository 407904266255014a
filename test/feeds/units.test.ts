import { expect, it } from 'vitest';
import { conversion } from '../../src/feeds/units.ts';
import { zoneOf } from '../../src/feeds/zone.ts';

// by definition: 1 in = 25.4 mm, 1 mi = 1609.344 m, 1 kn = 1852 m/h, 1 bar = 100 kPa, water freezes at 32 °F and boils at 212 °F
it.each([
  [32, '°F', '°C', 0],
  [212, '°F', '°C', 100],
  [0, '°C', 'K', 273.15],
  [273.15, 'K', '°F', 32],
  [1, 'in', 'mm', 25.4],
  [60, 'mph', 'm/s', 26.8224],
  [36, 'km/h', 'm/s', 10],
  [3600, 'kn', 'm/s', 1852],
  [1013.25, 'hPa', 'bar', 1.01325],
  [1, 'kWh', 'MJ', 3.6],
  [42, '%', '1', 0.42],
  [2, 'MiB', 'B', 2_097_152],
])('%d %s is in %s %d', (value, from, to, expected) => {
  const { scale, offset } = conversion(from, to) as { scale: number; offset: number };
  expect(value * scale + offset).toBeCloseTo(expected, 9);
});

it('says why one unit does not become another', () => {
  expect(conversion('°F', 'bar')).toBe('a unit of temperature, as °F is: bar is one of pressure');
  expect(conversion('furlong', 'm')).toMatch(/^a known unit: .*K °C/);
  expect(conversion('toString', 'm')).toMatch(/^a known unit/);
});

// the sun's clock of a place: Berlin is an hour ahead in winter and two in summer, New York five and four behind
it.each([
  ['Europe/Berlin', '2024-01-15T12:00', '2024-01-15T11:00'],
  ['Europe/Berlin', '2024-07-15T12:00', '2024-07-15T10:00'],
  ['America/New_York', '2024-07-15T09:30', '2024-07-15T13:30'],
  ['Asia/Kolkata', '2024-07-15T09:30', '2024-07-15T04:00'],
  ['+05:30', '2024-07-15T09:30', '2024-07-15T04:00'],
  ['-03', '2024-07-15T09:30', '2024-07-15T12:30'],
  // the hour that is shown twice is taken as the first: summer time still
  ['Europe/Berlin', '2024-10-27T02:30', '2024-10-27T00:30'],
  // the hour that is left out
  ['Europe/Berlin', '2024-03-31T02:30', '2024-03-31T01:30'],
  ['Europe/Berlin', '2024-03-31T03:00', '2024-03-31T01:00'],
  ['Europe/Berlin', '2024-03-31T01:59', '2024-03-31T00:59'],
])('%s: %s is %s UTC', (zone, local, utc) => {
  expect(new Date(zoneOf(zone)!(Date.parse(`${local}Z`))).toISOString()).toBe(new Date(`${utc}Z`).toISOString());
});

it('knows no zone that is none', () => {
  for (const name of ['Mars/Olympus', '+25:00', '', 'UTC+1']) expect(zoneOf(name), name).toBeNull();
});

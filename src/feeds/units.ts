/** Units of sensors, and what turns one into another. */

/** A unit as `base = value * scale + offset` of its dimension's base unit. */
type Unit = readonly [dimension: string, scale: number, offset?: number];

const UNITS: Readonly<Record<string, Unit>> = {
  K: ['temperature', 1],
  '°C': ['temperature', 1, 273.15],
  '°F': ['temperature', 5 / 9, 273.15 - (32 * 5) / 9],
  m: ['length', 1],
  mm: ['length', 1e-3],
  cm: ['length', 1e-2],
  km: ['length', 1e3],
  in: ['length', 0.0254],
  ft: ['length', 0.3048],
  mi: ['length', 1609.344],
  'm/s': ['speed', 1],
  'km/h': ['speed', 1 / 3.6],
  mph: ['speed', 0.44704],
  kn: ['speed', 1852 / 3600],
  Pa: ['pressure', 1],
  hPa: ['pressure', 100],
  mbar: ['pressure', 100],
  kPa: ['pressure', 1e3],
  bar: ['pressure', 1e5],
  psi: ['pressure', 6894.757293168],
  mmHg: ['pressure', 133.322387415],
  W: ['power', 1],
  kW: ['power', 1e3],
  MW: ['power', 1e6],
  Wh: ['energy', 3600],
  kWh: ['energy', 3.6e6],
  J: ['energy', 1],
  kJ: ['energy', 1e3],
  MJ: ['energy', 1e6],
  s: ['duration', 1],
  ms: ['duration', 1e-3],
  min: ['duration', 60],
  h: ['duration', 3600],
  B: ['data', 1],
  kB: ['data', 1e3],
  MB: ['data', 1e6],
  GB: ['data', 1e9],
  KiB: ['data', 1024],
  MiB: ['data', 1 << 20],
  GiB: ['data', 1 << 30],
  1: ['share', 1],
  '%': ['share', 0.01],
  ppm: ['share', 1e-6],
};

/** All names of units that are known. */
export const UNIT_NAMES: readonly string[] = Object.keys(UNITS);

/**
 * What turns a value of one unit into one of another: `value * scale + offset`.
 * @returns a reason where there is nothing that does
 */
export function conversion(from: string, to: string): { scale: number; offset: number } | string {
  const [a, b] = [from, to].map((name) => (Object.hasOwn(UNITS, name) ? UNITS[name]! : null));
  if (!a || !b) return `a known unit: ${UNIT_NAMES.join(' ')}`;
  if (a[0] !== b[0]) return `a unit of ${a[0]}, as ${from} is: ${to} is one of ${b[0]}`;
  const [, scale, offset = 0] = a;
  const [, base, zero = 0] = b;
  return { scale: scale / base, offset: (offset - zero) / base };
}

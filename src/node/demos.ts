/** The two demos: real series, the models that watch them, and what is watched. */
import type { EngineInput } from '../engine.ts';

export interface Demo {
  name: string;
  /** How the stream is called on the dashboard. */
  title: string;
  /** Files of the package. */
  data: string;
  model: string;
  /** Word for a row, and the columns of it that are sent. */
  type: string;
  columns: readonly string[];
  /** Event time (ms) of the newest row that is warm-up; default: the newest that the model was chosen by. */
  historyUntil?: number;
  engine: EngineInput;
}

/** What the messages of a demo feed mean. */
function mapping(type: string, columns: readonly string[]): EngineInput['mapping'] {
  return {
    match: { type },
    time: { path: 'time', format: 'iso' },
    seq: { path: 'seq' },
    features: Object.fromEntries(columns.map((column) => [column, column])),
    history: { path: 'history' },
    reset: { type: 'reset' },
  };
}

type Rule = NonNullable<EngineInput['alerts']>[number];

/** The residual in its own expanding deviations, under a two-sided Page-Hinkley test. */
function residualDrift(severity: Rule['severity'], options: { delta: number; threshold: number }): Rule {
  return {
    name: 'Residual drift',
    on: 'residual',
    standardise: { from: 250 },
    detector: 'page-hinkley',
    options: { ...options, mode: 'both' },
    severity,
    keepFiringFor: 10,
  };
}

const explain: EngineInput['explain'] = { window: 64, eps: 1e-6, baseline: 'mean', shapley: {}, interval: {} };
const bars = ['open', 'high', 'low', 'close', 'volume'];
const readings = ['temp_max', 'temp_min', 'precipitation', 'wind'];

export const demos: readonly Demo[] = [
  {
    name: 'market',
    title: 'S&P 500, daily',
    data: 'demo/sp500-2000.csv',
    model: 'demo/market.safetensors',
    type: 'bar',
    columns: bars,
    // the calmest weeks of the calmest year, a quarter before it ended
    historyUntil: Date.UTC(2017, 9, 31),
    engine: {
      mapping: mapping('bar', bars),
      explain,
      alerts: [residualDrift('critical', { delta: 1, threshold: 6 })],
    },
  },
  {
    name: 'sensor',
    title: 'Seattle weather, daily',
    data: 'demo/seattle-weather.csv',
    model: 'demo/weather.safetensors',
    type: 'reading',
    columns: readings,
    engine: {
      mapping: mapping('reading', readings),
      explain,
      alerts: [residualDrift('warning', { delta: 0.25, threshold: 15 })],
    },
  },
];

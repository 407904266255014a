/** The drawings of a report. */
import { band, type ChartOptions, chart, escapeText, line, points } from './charts.ts';
import type { PageFacts } from './page.ts';
import type { Report } from './report.ts';

/** Ticks of the test part that are drawn, the newest ones. */
const SHOWN = 240;

/** Values that were said and that arrived, with what they should have lain between. */
export function forecasts({ said }: Report, facts: PageFacts): string {
  const shown = said.slice(-SHOWN);
  const [before, arrived] = [shown.map((s) => s.said), shown.map((s) => s.arrived)];
  const [low, high] = [shown.map((s) => s.low), shown.map((s) => s.high)];
  return chart({
    ...wide(`${facts.target}: said and arrived`, shown, facts),
    values: [...before, ...arrived, ...low, ...high].filter(Number.isFinite),
    draw: (x, y) => band(low, high, x, y) + line('arrived', arrived, x, y) + line('said', before, x, y),
  });
}

/** The probability of an event, with a mark above where it happened and below where not. */
export function events({ said, classes }: Report, facts: PageFacts): string {
  const shown = said.slice(-SHOWN);
  const half = (y: (v: number) => number): number => Math.abs(y(0) - y(0.04));
  return chart({
    ...wide(`probability of ${facts.target}, and whether it happened`, shown, facts),
    values: [-0.06, 1.06],
    labelled: [0, 0.25, 0.5, 0.75, 1],
    draw: (x, y) => {
      const marks = (name: string, arrived: number, at: number): string => {
        const path = shown.map((s, i) => (s.arrived === arrived ? `M${x(i)} ${y(at) - half(y) / 2}v${half(y)}` : ''));
        return `<path class="${name}" d="${path.join('')}"/>`;
      };
      const share = y(classes!.baseRate);
      return `<path class="base" d="M${x(0)} ${share}H${x(shown.length - 1)}"/>${marks('event', 1, 1.04)}${marks('none', 0, -0.04)}${line(
        'curve',
        shown.map((s) => s.said),
        x,
        y,
      )}`;
    },
  });
}

/** Classes that are drawn, the most frequent ones. */
const STRIPS = 8;

/** A strip a class, coloured by its probability, with a mark where it arrived. */
export function classStrips({ said }: Report, facts: PageFacts): string {
  const shown = said.slice(-SHOWN);
  const count = (c: number): number => said.filter((s) => s.arrived === c).length;
  const classes = Array.from(said[0]?.probabilities ?? [], (_, c) => c)
    .sort((a, b) => count(b) - count(a) || a - b)
    .slice(0, STRIPS)
    .sort((a, b) => b - a);
  return chart({
    ...wide(`probabilities of ${facts.target}, and what arrived`, shown, facts),
    values: [-0.5, classes.length - 0.5],
    labelled: classes.map((_, row) => row),
    named: classes.map(String),
    draw: (x, y) =>
      classes
        .map((c, row) => {
          const [top, height] = [y(row + 0.36), y(row - 0.36) - y(row + 0.36)];
          const width = (x(1) - x(0) || 12).toFixed(2);
          const cells = shown.map((s, i) => {
            const p = Number((s.probabilities?.[c] ?? 0).toFixed(2));
            return p === 0
              ? ''
              : `<rect class="cell" x="${x(i - 0.5)}" y="${top}" width="${width}" height="${height}" fill-opacity="${p}"/>`;
          });
          const marks = shown.map((s, i) => (s.arrived === c ? `M${x(i)} ${y(row) - 4}v8` : ''));
          return `${cells.join('')}<path class="event" d="${marks.join('')}"/>`;
        })
        .join(''),
  });
}

function wide(
  what: string,
  shown: Report['said'],
  { timed }: PageFacts,
): Pick<ChartOptions, 'what' | 'width' | 'height' | 'count' | 'labels'> {
  const label = (i: number): string =>
    timed ? new Date(shown[i]!.time).toISOString().slice(0, 10) : `tick ${shown[i]!.time}`;
  return {
    what: `${what}, the last ${shown.length} ticks of the test part`,
    width: 1120,
    height: 300,
    count: shown.length,
    labels: [0, Math.floor((shown.length - 1) / 2), shown.length - 1].map((i) => [i, label(i)]),
  };
}

export function learning({ epochs, best }: Report): string {
  const [loss, validation] = [epochs.map((e) => e.loss), epochs.map((e) => e.validationLoss ?? Number.NaN)];
  return chart({
    what: 'loss by epoch',
    width: 352,
    height: 220,
    count: epochs.length,
    values: [...loss, ...validation].filter(Number.isFinite),
    labels: [
      [0, '1'],
      [epochs.length - 1, `epoch ${epochs.length}`],
    ],
    draw: (x, y) =>
      line('said', loss, x, y) +
      line('arrived', validation, x, y) +
      (best > 0 ? points('kept', [[x(best - 1), y(validation[best - 1]!)]]) : ''),
  });
}

export function skills({ test, classes, season }: Report): string {
  const all: [string, number | null][] = [
    ...(classes
      ? ([
          ['base rate', classes.skillVsBaseRate],
          ['the usual share given now', classes.skillVsTransition],
        ] as [string, number | null][])
      : []),
    ['as now', test.skillVsPersistence],
    ['as now and the usual change', test.skillVsDrift],
    [`${season?.ticks} ticks earlier`, test.skillVsSeasonal],
    ['ridge regression', test.skillVsLinear],
  ];
  const bars = all.flatMap(([name, skill]) => (skill === null ? [] : [[name, skill] as const]));
  const most = Math.max(0.05, ...bars.map(([, skill]) => Math.min(1, Math.abs(skill))));
  const room = Math.min(62, 190 / bars.length);
  const row = ([name, skill]: (typeof bars)[number], i: number): string => {
    const width = (150 * Math.min(most, Math.abs(skill))) / most;
    const from = skill < 0 ? 176 - width : 176;
    const top = 24 + room * i;
    return `<text x="8" y="${top}">${name}</text><text class="value" x="344" y="${top}" text-anchor="end">${percent(skill)}</text>
<rect class="${skill > 0 ? 'good' : 'bad'}" x="${from}" y="${top + 6}" width="${width}" height="${Math.min(14, room - 24)}"/>`;
  };
  const words = bars.map(([name, skill]) => `${name} ${percent(skill)}`).join(', ');
  return `<svg viewBox="0 0 352 220" role="img" aria-label="${escapeText(words)}"><path class="zero" d="M176 28V206"/>${bars.map(row).join('')}</svg>`;
}

/** What was asked for against what came of it; on the diagonal they agree. A bin is as large as what it rests on. */
export function calibration(report: Report): string {
  const at = (share: number): [number, number] => [48 + 280 * share, 190 - 170 * share];
  const most = Math.max(...report.calibration.map(({ count }) => count));
  const dots = report.calibration.map(({ nominal, realised, count }): [number, number, number] => {
    const radius = report.classes ? 1.5 + 5 * Math.sqrt(count / most) : 3.5;
    return [at(nominal)[0], at(realised)[1], radius];
  });
  const words = report.calibration
    .map(({ nominal, realised }) => `${percent(nominal)}: ${percent(realised)}`)
    .join(', ');
  const ticks = [0, 0.5, 1]
    .map((share) => {
      const [x, y] = at(share);
      return `<text x="${x}" y="208" text-anchor="middle">${100 * share}</text><text x="42" y="${y + 4}" text-anchor="end">${100 * share}</text><path class="grid" d="M48 ${y}H328"/>`;
    })
    .join('');
  const path = dots.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
  const curve = report.classes ? `<path class="curve" d="${path}"/>` : '';
  return `<svg viewBox="0 0 352 220" role="img" aria-label="held of what was asked: ${words}">${ticks}<path class="zero" d="M48 190L328 20"/>${curve}${points('kept', dots)}</svg>`;
}

export function percent(share: number): string {
  const value = 100 * share;
  return `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(Math.abs(value) < 10 ? 1 : 0)} %`;
}

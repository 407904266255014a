/** The report of a training run as one page that needs nothing else: no scripts, no fonts, nothing from elsewhere. */
import { band, chart, escapeText, line, number, points } from './charts.ts';
import type { Report } from './fitModel.ts';

export interface PageFacts {
  model: string;
  data: string;
  target: string;
  horizon: number;
  features: readonly string[];
  layers: string;
  /** Whether the rows have real times. */
  timed: boolean;
}

/** Ticks of the test part that are drawn, the newest ones. */
const SHOWN = 240;

/** @returns a whole HTML document */
export function reportPage(report: Report, facts: PageFacts): string {
  const { test, rows, warnings } = report;
  const beats = test.skillVsPersistence > 0;
  const verdict = beats
    ? `${percent(test.skillVsPersistence)} less squared error than “as now”`
    : 'It does not beat “as now”';
  const made: [string, string][] = [
    ['Data', facts.data],
    ['Target', `${facts.target}, ${facts.horizon} ${facts.horizon === 1 ? 'tick' : 'ticks'} ahead`],
    ['Features', facts.features.join(', ')],
    ['Layers', facts.layers],
    [
      'Ticks',
      `${number(rows.train)} to learn from, ${number(rows.validation)} to choose by, ${number(rows.test)} to measure on`,
    ],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${escapeText(facts.model)}: training report</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeText(facts.model)}</h1><p>training report</p></header>
<main>
<section class="verdict"><h2 class="${beats ? 'good' : 'bad'}">${verdict}</h2>
<p>on ${number(rows.test)} ticks that it has not seen; error ${short(test.rmse)} (RMSE), ${short(test.mae)} (mean absolute), in the units of ${escapeText(facts.target)}.</p>
${warnings.map((warning) => `<p class="bad">${escapeText(warning)}</p>`).join('\n')}</section>
<section><h2>What was said, and what came</h2><p class="key"><span class="arrived">arrived</span> <span class="said">said before</span> <span class="band">90 % interval, held ${percent(test.intervalCoverage)}</span></p>
${forecasts(report, facts)}</section>
<div class="pair">
<section><h2>Against simpler forecasts</h2><p class="key">share of squared error less</p>${skills(report)}</section>
<section><h2>Learning</h2><p class="key"><span class="arrived">validation</span> <span class="said">training</span> kept: epoch ${report.best} of ${report.epochs.length}</p>${learning(report)}</section>
<section><h2>Calibration</h2><p class="key">share within an interval: asked and held</p>${calibration(report)}</section>
</div>
<section><h2>Made of</h2><dl>${made.map(([name, value]) => `<dt>${name}</dt><dd>${escapeText(value)}</dd>`).join('')}</dl></section>
</main>
</body>
</html>
`;
}

function forecasts({ said }: Report, { timed, target }: PageFacts): string {
  const shown = said.slice(-SHOWN);
  const at = (read: (one: Report['said'][number]) => number): number[] => shown.map(read);
  const [low, high] = [at((s) => s.low), at((s) => s.high)];
  const label = (i: number): string =>
    timed ? new Date(shown[i]!.time).toISOString().slice(0, 10) : `tick ${shown[i]!.time}`;
  return chart({
    what: `${target}: said and arrived, the last ${shown.length} ticks of the test part`,
    width: 1120,
    height: 300,
    count: shown.length,
    values: [...at((s) => s.said), ...at((s) => s.arrived), ...low, ...high].filter(Number.isFinite),
    labels: [0, Math.floor((shown.length - 1) / 2), shown.length - 1].map((i) => [i, label(i)]),
    draw: (x, y) =>
      band(low, high, x, y) +
      line(
        'arrived',
        at((s) => s.arrived),
        x,
        y,
      ) +
      line(
        'said',
        at((s) => s.said),
        x,
        y,
      ),
  });
}

function learning({ epochs, best }: Report): string {
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

function skills({ test }: Report): string {
  const bars = [
    ['as now', test.skillVsPersistence],
    ['as now and the usual change', test.skillVsDrift],
    ['ridge regression', test.skillVsLinear],
  ] as const;
  const most = Math.max(0.05, ...bars.map(([, skill]) => Math.min(1, Math.abs(skill))));
  const row = ([name, skill]: (typeof bars)[number], i: number): string => {
    const width = (150 * Math.min(most, Math.abs(skill))) / most;
    const from = skill < 0 ? 176 - width : 176;
    const top = 30 + 62 * i;
    return `<text x="8" y="${top}">${name}</text><text class="value" x="344" y="${top}" text-anchor="end">${percent(skill)}</text>
<rect class="${skill > 0 ? 'good' : 'bad'}" x="${from}" y="${top + 8}" width="${width}" height="14"/>`;
  };
  const words = bars.map(([name, skill]) => `${name} ${percent(skill)}`).join(', ');
  return `<svg viewBox="0 0 352 220" role="img" aria-label="${escapeText(words)}"><path class="zero" d="M176 34V200"/>${bars.map(row).join('')}</svg>`;
}

function calibration(report: Report): string {
  const at = (share: number): [number, number] => [48 + 280 * share, 190 - 170 * share];
  const dots = report.calibration.map(({ nominal, realised }): [number, number] => [at(nominal)[0], at(realised)[1]]);
  const words = report.calibration
    .map(({ nominal, realised }) => `${percent(nominal)}: ${percent(realised)}`)
    .join(', ');
  const ticks = [0, 0.5, 1]
    .map((share) => {
      const [x, y] = at(share);
      return `<text x="${x}" y="208" text-anchor="middle">${100 * share}</text><text x="42" y="${y + 4}" text-anchor="end">${100 * share}</text><path class="grid" d="M48 ${y}H328"/>`;
    })
    .join('');
  return `<svg viewBox="0 0 352 220" role="img" aria-label="held of what was asked: ${words}">${ticks}<path class="zero" d="M48 190L328 20"/>${points('kept', dots)}</svg>`;
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(Math.abs(value) < 10 ? 1 : 0)} %`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Tokens of the dashboard. */
const STYLE = `
:root{--bg:#0c0f14;--line:#222a34;--line2:#3a4656;--t1:#e9edf3;--t2:#acb7c5;--t3:#8592a3;--act:#f2f4f8;--pred:#b9a0ff;--ok:#4fc78f;--crit:#ff7381}
@media (prefers-color-scheme:light){:root{--bg:#f6f6f4;--line:#e1e4e8;--line2:#c3cad3;--t1:#14181e;--t2:#455060;--t3:#5f6a79;--act:#14181e;--pred:#6a40cf;--ok:#17784a;--crit:#bf1d38}}
*{box-sizing:border-box}
body{max-width:1184px;margin:0 auto;background:var(--bg);color:var(--t2);font:13px/18px "Inter Variable",system-ui,sans-serif;font-feature-settings:"tnum"}
header,section{padding:16px;border-bottom:1px solid var(--line)}
header{display:flex;gap:12px;align-items:baseline}
h1{margin:0;color:var(--t1);font-size:16px;font-weight:640}
h2{margin:0 0 4px;color:var(--t1);font-size:14px;font-weight:640}
p{margin:0;color:var(--t3)}
.verdict h2{font-size:26px;line-height:32px;font-weight:600}
h2.good{color:var(--ok)}h2.bad,p.bad{color:var(--crit)}
.key{font-size:12px}.key span{margin-right:12px}
.key .arrived{color:var(--act)}.key .said{color:var(--pred)}.key .band{color:var(--t2)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr))}
svg{display:block;width:100%;height:auto;margin-top:8px}
svg text{fill:var(--t3);font-size:11px}svg .value{fill:var(--t1)}
path{fill:none}.grid{stroke:var(--line)}.zero{stroke:var(--line2)}
path.arrived{stroke:var(--act);stroke-width:1.5}path.said{stroke:var(--pred);stroke-width:1.5;stroke-dasharray:5 3}
path.band{fill:var(--pred);fill-opacity:.16}
circle.kept{fill:var(--bg);stroke:var(--t1);stroke-width:1.5}
rect.good{fill:var(--ok)}rect.bad{fill:var(--crit)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}dt{color:var(--t3)}dd{margin:0;color:var(--t1);overflow-wrap:anywhere}
@media print{body{max-width:none}}
`;

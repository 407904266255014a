/** Right column: the heat map of one explanation, past ticks x features, with whole ticks above and sums at the right. */
import { difference, differenceUnit, figure, rounded, signed, withUnit } from '../../src/numbers.ts';
import { baselineWords } from '../../src/words.ts';
import { rowOf } from '../answer.ts';
import { el, onChange, setText, show, writeParts } from '../dom.ts';
import { capital, longTime, shortTime } from '../format.ts';
import { Heat, type HeatRow, type HeatTable, MOST_NARROW } from '../heat.ts';
import type { Explained, Panel, Snapshot } from '../snapshot.ts';
import { say } from '../speech.ts';
import { FONT, Surface } from '../surface.ts';
import type { View } from '../view.ts';
import { methodMenu } from './methodMenu.ts';
import { tell } from './sentence.ts';
import { shapleyBox } from './shapleyBox.ts';

export function whyPanel(host: HTMLElement, view: View): Panel {
  const title = el('h2', 'section', { id: 'why-title' });
  const when = el('span', 'note right');
  const back = el('button', 'quiet', { type: 'button', hidden: '' }, 'Follow newest');
  back.addEventListener('click', () => view.live());
  const choice = methodMenu(view);
  const means = el('p', 'under', { id: 'why-means' });
  const told = el('p', 'told-small', { hidden: '' });
  const heat = new Heat(
    view,
    { 'aria-labelledby': 'why-title', 'aria-describedby': 'why-means why-summary' },
    'heat-map',
  );
  const shapley = shapleyBox(view);
  const legend = el('div', 'heat-legend');
  const legendBox = el('div', 'legend-scale');
  const grew = el('span', 'note');
  const summary = el('p', 'unseen', { id: 'why-summary' });
  legend.append(
    el('span', 'tone-lowers', {}, '\u2212 lowers'),
    legendBox,
    el('span', 'tone-raises', {}, '+ raises'),
    grew,
  );
  const head = el('div', 'section-head', {}, title, when, back);
  host.append(head, choice.node, means, told, heat.figure, heat.axis, legend, shapley.node, summary);
  const scale = new Surface(legendBox, () => view.refresh());
  const bound = view.effects;
  let rescales = -1;
  let began = false;
  let spoken = '';
  const speak = onChange(() => {
    if (view.selected !== null) say(spoken, true);
  });

  return {
    draw(s) {
      const { explained } = s;
      show(heat.figure, explained.at >= 0);
      if (explained.at < 0) return;
      if (rescales !== view.rescales) {
        rescales = view.rescales;
        bound.rescale();
        began = false;
        setText(grew, '');
      }
      const { scale: unit } = s.target;
      let largest = 0;
      for (const value of explained.cells) largest = Math.max(largest, Math.abs(value * unit));
      for (const value of explained.events) largest = Math.max(largest, Math.abs(value * unit));
      if (bound.take(largest)) {
        if (began) setText(grew, `grew ${shortTime(explained.time)}`);
        began = true;
      }
      const shown = tableOf(s, explained, bound.value);
      heat.draw(s, shown);
      heat.write(shown);
      paintLegend(s);
      shapley.draw(s);
    },
    write(s) {
      choice.write(s);
      shapley.write(s);
      const { explained, target, selected } = s;
      if (explained.at < 0) {
        setText(title, 'Why');
        setText(means, 'The first explanation comes with the first prediction.');
        return;
      }
      setText(title, `Why ${withUnit(figure(explained.prediction * target.scale, target.decimals), target.unit)}`);
      setText(when, `${selected === null ? 'at' : 'selected:'} ${longTime(explained.time)}`);
      show(back, selected !== null);
      heat.figure.dataset.unit = differenceUnit(s.target.unit);
      heat.figure.setAttribute('aria-busy', String(!explained.known));
      setText(means, explained.known ? meaning(s) : whyUnknown());
      show(means, s.method === null || !explained.known);
      show(told, selected !== null);
      if (!explained.known) return;
      const words = tell(s, explained, `of ${shortTime(explained.time)}`);
      if (selected !== null) writeParts(told, words.parts);
      spoken = words.plain;
      speak(String(selected));
      setText(
        summary,
        `${words.plain} Sums: ${s.features.map((f, i) => `${f.label} ${sum(s, explained.sums[i]!)}`).join(', ')}.`,
      );
    },
  };

  /** The cells of a tick that came before this page did are asked for. */
  function whyUnknown(): string {
    const { cells } = view.asking;
    return cells?.state === 'failed'
      ? `The cells of this tick cannot be had: ${cells.message}.`
      : 'Asking for its cells.';
  }

  function paintLegend(s: Snapshot): void {
    const context = scale.begin();
    const n = 17;
    const width = scale.width / n;
    const { palette } = s;
    for (let i = 0; i < n; i++) {
      const value = ((i - (n - 1) / 2) / ((n - 1) / 2)) * bound.value;
      const x = scale.snap(i * width);
      context.fillStyle = palette.diverging.css(value, bound.value);
      context.fillRect(x, 0, scale.snap((i + 1) * width) - x - 1, 11);
      if (value >= 0) continue;
      context.fillStyle = palette.diverging.ink(value, bound.value);
      context.fillRect(x + 3, 5, width - 7, 1);
    }
    context.font = `11px ${FONT}`;
    context.textBaseline = 'alphabetic';
    context.fillStyle = palette.t2;
    let decimals = 0;
    while (decimals < 6 && Math.abs(rounded(bound.value / 2, decimals) - bound.value / 2) > bound.value * 1e-6)
      decimals++;
    for (const share of [-1, -0.5, 0, 0.5, 1]) {
      context.textAlign = share === -1 ? 'left' : share === 1 ? 'right' : 'center';
      const text = share === 0 ? '0' : signed(share * bound.value, decimals);
      context.fillText(text, ((share + 1) / 2) * scale.width, 25);
    }
  }
}

function meaning(s: Snapshot): string {
  const { times } = s.explained;
  const narrow = s.geometry.narrow ? `, ${Math.min(MOST_NARROW, times.length)} newest of ${times.length}` : '';
  const baseline = baselineWords(s.store.hello?.baseline.kind ?? '');
  return `Each cell: prediction \u2212 prediction had that value been ${baseline}${narrow}`;
}

function sum(s: Snapshot, value: number): string {
  return difference(signed(value * s.target.scale, s.target.decimals), s.target.unit);
}

/** Whole ticks, then every feature. */
function tableOf(s: Snapshot, explained: Explained, most: number): HeatTable {
  const { scale, decimals } = s.target;
  const F = s.series.features;
  const row = (name: string, values: Float32Array, sum?: number): HeatRow => {
    const scaled = values.map((value) => value * scale);
    return sum === undefined ? rowOf(name, scaled, decimals) : rowOf(name, scaled, decimals, sum * scale);
  };
  const features = s.features.map(({ label }, f) =>
    row(
      capital(label),
      explained.events.map((_, k) => explained.cells[k * F + f]!),
      explained.sums[f]!,
    ),
  );
  return {
    rows: [row('Whole tick', explained.events), ...features],
    apart: true,
    newest: shortTime(explained.time),
    right: 'sum',
    most,
    unknownFrom: explained.known ? F + 1 : 1,
  };
}

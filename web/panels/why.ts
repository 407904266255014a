/** Right column: the heat map of one explanation, past ticks x features, with whole ticks above and sums at the right. */
import { difference, differenceUnit, figure, rounded, signed, withUnit } from '../../src/numbers.ts';
import { baselineWords } from '../../src/words.ts';
import { el, onChange, setText, show, writeParts } from '../dom.ts';
import { capital, longTime, shortTime } from '../format.ts';
import { Bound } from '../scale.ts';
import type { Explained, Panel, Snapshot } from '../snapshot.ts';
import { say } from '../speech.ts';
import { FONT, Surface } from '../surface.ts';
import type { View } from '../view.ts';
import { tell } from './sentence.ts';

/** A cell that lowers carries its minus from this share of the scale on. */
const MARKED = 0.05;
const MOST_NARROW = 24;

export function whyPanel(host: HTMLElement, view: View): Panel {
  const title = el('h2', 'section', { id: 'why-title' });
  const when = el('span', 'note right');
  const back = el('button', 'quiet', { type: 'button', hidden: '' }, 'Follow newest');
  back.addEventListener('click', () => view.live());
  const means = el('p', 'under', { id: 'why-means' });
  const told = el('p', 'told-small', { hidden: '' });
  const names = el('div', 'heat-names');
  const cells = el('div', 'heat-cells');
  const sums = el('div', 'heat-sums');
  const figureBox = el(
    'figure',
    'heat',
    { tabindex: '0', 'aria-labelledby': 'why-title', 'aria-describedby': 'why-means why-summary' },
    names,
    cells,
    sums,
  );
  const axis = el('div', 'heat-axis');
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
  host.append(el('div', 'section-head', {}, title, when, back), means, told, figureBox, axis, legend, summary);
  const heat = new Surface(cells, () => view.refresh());
  heat.canvas.dataset.testid = 'heat-map';
  const axisSurface = new Surface(axis, () => view.refresh());
  const scale = new Surface(legendBox, () => view.refresh());
  const bound = new Bound();
  let rescales = -1;
  let began = false;
  let spoken = '';
  const speak = onChange(() => {
    if (view.selected !== null) say(spoken, true);
  });

  return {
    draw(s) {
      const { explained } = s;
      show(figureBox, explained.at >= 0);
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
      rows(s.series.features);
      const shown = s.geometry.narrow ? Math.min(MOST_NARROW, explained.times.length) : explained.times.length;
      paint(s, explained, shown);
      paintAxis(s, explained, shown);
      paintLegend(s);
      writeSums(s, explained);
    },
    write(s) {
      const { explained, target, selected } = s;
      if (explained.at < 0) {
        setText(title, 'Why');
        setText(means, 'The first explanation comes with the first prediction.');
        return;
      }
      setText(title, `Why ${withUnit(figure(explained.prediction * target.scale, target.decimals), target.unit)}`);
      setText(when, `${selected === null ? 'at' : 'selected:'} ${longTime(explained.time)}`);
      show(back, selected !== null);
      const narrow = s.geometry.narrow
        ? `, ${Math.min(MOST_NARROW, explained.times.length)} newest of ${explained.times.length}`
        : '';
      setText(
        means,
        `Each cell: prediction \u2212 prediction had that value been ${baselineWords(s.store.hello?.baseline.kind ?? '')}${narrow}`,
      );
      show(told, selected !== null);
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

  function rows(F: number): void {
    if (names.childElementCount === F + 1) return;
    const made = (parent: HTMLElement) => parent.replaceChildren(...Array.from({ length: F + 1 }, () => el('div')));
    made(names);
    made(sums);
    const height = F > 12 ? 16 : F > 6 ? 20 : F > 4 ? 22 : innerHeight >= 1000 ? 38 : 30;
    figureBox.style.setProperty('--row', `${height}px`);
    cells.style.height = `${(F + 1) * height + 4}px`;
  }

  function paint(s: Snapshot, explained: Explained, shown: number): void {
    const { palette, series, target } = s;
    const F = series.features;
    const K = explained.times.length;
    const context = heat.begin();
    const row = (heat.height - 4) / (F + 1);
    const px = 1 / heat.ratio;
    const width = heat.width / shown;
    for (let r = 0; r <= F; r++) {
      const top = Math.round(r * row + (r > 0 ? 4 : 0));
      const bottom = Math.round((r + 1) * row + (r > 0 ? 4 : 0)) - 1;
      for (let k = K - shown; k < K; k++) {
        const value = (r === 0 ? explained.events[k]! : explained.cells[k * F + r - 1]!) * target.scale;
        const left = heat.snap((k - K + shown) * width);
        const right = heat.snap((k - K + shown + 1) * width) - (width >= 3 ? px : 0);
        context.fillStyle = palette.diverging.css(value, bound.value);
        context.fillRect(left, top, right - left, bottom - top);
        const ink = palette.diverging.ink(value, bound.value);
        if (right - left >= 22) cellText(context, value, ink, left, right, (top + bottom) / 2);
        else if (value < -MARKED * bound.value) {
          const wide = right - left > 7;
          context.fillStyle = wide ? ink : palette.mid;
          const inset = wide ? (right - left) * 0.28 : px;
          context.fillRect(left + inset, Math.round((top + bottom) / 2), right - left - 2 * inset, 1);
        }
      }
    }
  }

  function cellText(
    context: CanvasRenderingContext2D,
    value: number,
    ink: string,
    left: number,
    right: number,
    y: number,
  ): void {
    context.font = `600 11px ${FONT}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillStyle = ink;
    const text =
      Math.abs(value) < 0.1
        ? value < 0
          ? '\u2212'
          : value > 0
            ? '+'
            : ''
        : signed(value, right - left < 34 ? 1 : 2).replace('0.', '.');
    context.fillText(text, (left + right) / 2, y);
  }

  function paintAxis(s: Snapshot, explained: Explained, shown: number): void {
    const context = axisSurface.begin();
    const left = cells.offsetLeft - axis.offsetLeft;
    const width = cells.clientWidth;
    context.font = `11px ${FONT}`;
    context.textBaseline = 'middle';
    context.fillStyle = s.palette.t2;
    context.textAlign = 'left';
    const y = 8;
    const newest = shortTime(explained.time);
    let free = left;
    for (const age of [shown - 1, Math.round(shown * 0.75), shown / 2, Math.round(shown * 0.25)]) {
      const x = left + (width * (shown - age - 0.5)) / shown;
      const text = age === shown - 1 ? `${age} back` : String(age);
      const wide = context.measureText(text).width;
      const from = age === shown - 1 ? left : x - wide / 2;
      if (from < free) continue;
      context.fillText(text, from, y);
      free = from + wide + 8;
    }
    context.textAlign = 'right';
    context.fillText('sum', axisSurface.width, y);
    context.font = `600 11px ${FONT}`;
    context.fillStyle = s.palette.t1;
    context.fillText(newest, left + width, y);
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

  function sum(s: Snapshot, value: number): string {
    return difference(signed(value * s.target.scale, s.target.decimals), s.target.unit);
  }

  function writeSums(s: Snapshot, explained: Explained): void {
    const F = s.series.features;
    for (let r = 0; r <= F; r++) {
      let total = 0;
      if (r === 0) for (const value of explained.events) total += value;
      else total = explained.sums[r - 1]!;
      const shown = total * s.target.scale;
      const node = sums.children[r] as HTMLElement;
      setText(node, signed(shown, s.target.decimals));
      node.className = /[1-9]/.test(node.textContent!) ? (shown > 0 ? 'tone-raises' : 'tone-lowers') : '';
      const name = names.children[r]!;
      setText(name, r === 0 ? 'Whole tick' : capital(s.features[r - 1]!.label));
    }
    figureBox.dataset.unit = differenceUnit(s.target.unit);
  }
}

/** A line chart on uPlot that sits on the shared x axis: columns are ticks in view, the y range is the panel's own. */
import uPlot from 'uplot';
import { TickFlag } from '../src/wire.ts';
import type { Snapshot } from './snapshot.ts';
import { FONT } from './surface.ts';
import { axisText, verticals } from './track.ts';
import type { View } from './view.ts';

export interface LineOptions {
  /** Colour and dash of each line, from the palette in use. */
  lines: { colour: (s: Snapshot) => string; dash?: number[]; width?: number }[];
  /** Range of y, and where its labels are: model units or shares, as `fill` writes them. */
  range: () => [number, number];
  splits: () => number[];
  label: (value: number, top: boolean) => string;
  /** Room above and below the plot, CSS pixels. */
  above: number;
  below: number;
  /** Drawn under the lines, as `over` is over them. */
  under?: LineOptions['over'];
  /** Drawn over the lines, in CSS pixels; `y` gives a value's place. */
  over?: (
    context: CanvasRenderingContext2D,
    s: Snapshot,
    y: (value: number) => number,
    top: number,
    bottom: number,
  ) => void;
}

export interface LinePlot {
  /** Value of line `line` at column `i` of the view; null where there is none. */
  values: (number | null)[][];
  draw(s: Snapshot): void;
  y(value: number): number;
}

/** Makes the chart; the plot's box decides its size. */
export function linePlot(host: HTMLElement, view: View, options: LineOptions): LinePlot {
  let current: Snapshot | null = null;
  const columns: number[] = [];
  const values: (number | null)[][] = options.lines.map(() => []);
  const height = () => host.clientHeight;
  const y = (value: number) => plot.valToPos(value, 'y') + plot.over.offsetTop;

  const drawGrid = (u: uPlot) => {
    if (!current) return;
    const { ctx } = u;
    within(u, (top, bottom) => {
      const splits = options.splits();
      splits.forEach((value, i) => {
        const at = Math.round(y(value));
        ctx.fillStyle = value === 0 ? current!.palette.line2 : current!.palette.line;
        ctx.fillRect(current!.geometry.left, at, current!.geometry.now - current!.geometry.left, 1);
        axisText(ctx, current!, options.label(value, i === splits.length - 1), at);
      });
      verticals(ctx, current!, top, bottom);
      options.under?.(ctx, current!, y, top, bottom);
    });
  };
  /** No line runs across a gap or a reset: nobody knows what was there. */
  const broken = (u: uPlot, from: number, to: number, gaps: uPlot.Series.Gaps): uPlot.Series.Gaps => {
    if (!current) return gaps;
    const { series, first } = current;
    for (let i = Math.max(from + 1, series.start - first); i <= to; i++) {
      if (!(series.flags[series.slot(first + i)]! & (TickFlag.gap | TickFlag.reset))) continue;
      gaps.push([u.valToPos(i - 1, 'x', true), u.valToPos(i, 'x', true)]);
    }
    return gaps.sort((a, b) => a[0] - b[0]);
  };
  const within = (u: uPlot, paint: (top: number, bottom: number) => void) => {
    const ratio = devicePixelRatio;
    u.ctx.save();
    u.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(u.bbox.top / ratio, (u.bbox.top + u.bbox.height) / ratio);
    u.ctx.restore();
  };

  const plot = new uPlot(
    {
      width: Math.max(1, host.clientWidth),
      height: Math.max(1, height()),
      cursor: { show: false },
      legend: { show: false },
      padding: [
        options.above,
        () => Math.max(0, view.geometry.width - view.geometry.now),
        options.below,
        () => view.geometry.left,
      ],
      scales: {
        x: { time: false, range: () => [-0.5, view.geometry.count - 0.5] },
        y: { range: () => options.range() },
      },
      axes: [{ show: false }, { show: false, font: `11px ${FONT}` }],
      series: [
        {},
        ...options.lines.map(({ colour, width }) => ({
          stroke: () => (current ? colour(current) : 'transparent'),
          width: width ?? 1.5,
          points: { show: false },
          gaps: (u: uPlot, _line: number, from: number, to: number, gaps: uPlot.Series.Gaps) =>
            broken(u, from, to, gaps),
        })),
      ],
      hooks: {
        drawClear: [drawGrid],
        draw: [
          (u) => {
            if (current) within(u, (top, bottom) => options.over?.(u.ctx, current!, y, top, bottom));
          },
        ],
      },
    },
    [columns, ...values] as unknown as uPlot.AlignedData,
    host,
  );
  plot.root.setAttribute('aria-hidden', 'true');
  new ResizeObserver(() => {
    plot.setSize({ width: Math.max(1, host.clientWidth), height: Math.max(1, height()) });
    view.refresh();
  }).observe(host);

  return {
    values,
    y,
    draw(s) {
      current = s;
      options.lines.forEach(({ dash }, i) => {
        if (dash) plot.series[i + 1]!.dash = dash.map((length) => length * devicePixelRatio);
      });
      const { count } = s.geometry;
      while (columns.length < count) columns.push(columns.length);
      columns.length = count;
      for (const line of values) line.length = count;
      plot.batch(() => {
        plot.setData([columns, ...values] as unknown as uPlot.AlignedData, false);
        plot.setScale('x', { min: -0.5, max: count - 0.5 });
        plot.redraw(true, true);
      });
    },
  };
}

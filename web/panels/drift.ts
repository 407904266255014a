/** Track 5: the drift statistic as a share of its own threshold; the line at 100 % is the only red one. */
import { figure, THIN } from '../../src/numbers.ts';
import { setText, show } from '../dom.ts';
import { shortTime } from '../format.ts';
import { linePlot } from '../plot.ts';
import { Bound } from '../scale.ts';
import { type Panel, xOf } from '../snapshot.ts';
import { severityGlyph } from '../surface.ts';
import { makeTrack, placeLabel } from '../track.ts';
import type { View } from '../view.ts';

const percent = (share: number) => `${figure(share * 100, 0)}${THIN}%`;

export function driftPanel(host: HTMLElement, view: View): Panel {
  const track = makeTrack(host, view, 'drift');
  const fires = track.label('alarm');
  const now = track.label('two');
  const strong = now.appendChild(document.createElement('strong'));
  const high = new Bound((value) => Math.max(1.15, value * 1.05));
  let rescales = -1;
  setText(track.title, 'Drift');

  const plot = linePlot(track.plot, view, {
    lines: [{ colour: (s) => s.palette.act, width: 1.75 }],
    range: () => [0, high.value],
    splits: () => [0, 0.5, 1],
    label: (value) => (value === 1 ? percent(1) : figure(value * 100, 0)),
    above: 8,
    below: 6,
    over: (context, s, y) => {
      context.strokeStyle = s.palette.crit;
      context.lineWidth = 1;
      context.setLineDash([4, 3]);
      context.beginPath();
      context.moveTo(s.geometry.left, Math.round(y(1)) + 0.5);
      context.lineTo(s.geometry.now, Math.round(y(1)) + 0.5);
      context.stroke();
      context.setLineDash([]);
      for (const mark of s.store.alerts.marks) {
        if (mark.at < s.first || mark.at >= s.end) continue;
        severityGlyph(
          context,
          s.palette,
          mark.kind === 'alert' ? mark.severity : 'none',
          xOf(s, mark.at),
          y(1),
          mark.kind === 'alert' ? 5.5 : 3.5,
        );
      }
    },
  });

  return {
    draw(s) {
      const { series } = s;
      if (rescales !== view.rescales) {
        rescales = view.rescales;
        high.rescale();
        high.take(1);
      }
      for (let i = 0; i < s.geometry.count; i++) {
        const at = s.first + i;
        const value = series.has(at) ? series.drift[series.slot(at)]! : Number.NaN;
        plot.values[0]![i] = Number.isFinite(value) ? value : null;
        high.take(value);
      }
      plot.draw(s);
      const share = series.drift[series.slot(s.focus)]!;
      setText(fires, s.geometry.narrow ? '' : `fires at ${percent(1)}`);
      setText(strong, Number.isFinite(share) ? percent(share) : '');
      show(now, Number.isFinite(share));
      placeLabel(fires, s, plot.y(1));
      const beside = plot.y(Math.max(0, Math.min(share, high.value)));
      placeLabel(now, s, s.geometry.narrow ? beside : Math.max(beside, plot.y(1) + 17));
      track.lines(s);
    },
    write(s) {
      const { series } = s;
      const rule = s.store.alerts.rules[0];
      setText(
        track.note,
        s.geometry.narrow
          ? 'share of its threshold'
          : 'statistic as a share of its threshold; it begins again after firing',
      );
      const share = series.drift[series.slot(s.end - 1)]!;
      const stands = Number.isFinite(share)
        ? `The statistic stands at ${percent(share)} of its threshold.`
        : 'No drift statistic yet.';
      track.summary(
        rule && Number.isFinite(rule.since) ? `${stands} ${rule.name} fired last on ${shortTime(rule.since)}.` : stands,
      );
    },
  };
}

/** Now, 3: one sentence on why the newest prediction is what it is. */
import { figure, THIN, withUnit } from '../../src/numbers.ts';
import { baselineWords, sentence } from '../../src/words.ts';
import { el, onChange, setText, show, writeParts } from '../dom.ts';
import { ofTime, shortTime, ticks } from '../format.ts';
import type { Explained, Panel, Snapshot } from '../snapshot.ts';
import type { View } from '../view.ts';
import { aged } from './aged.ts';

export function sentencePanel(host: HTMLElement, _view: View): Panel {
  const title = el('h2', 'label', {}, 'Why?');
  const age = aged();
  const against = el('span', 'note right');
  const told = el('p', 'told', { 'data-testid': 'why' });
  const note = el('p', 'under');
  host.append(el('div', 'strip-head', {}, title, age.node, against), told, note);
  host.setAttribute('aria-label', 'Why');
  let latest: Snapshot | null = null;
  const rewrite = onChange(() => {
    if (latest) writeParts(told, tell(latest, latest.newest, 'that just arrived').parts);
  });
  return {
    state(state) {
      age.write(state);
      if (!latest) setText(told, `${state.word}.`);
    },
    write(s) {
      const { newest, target } = s;
      if (newest.at < 0) {
        setText(told, 'No explanation yet.');
        return;
      }
      latest = s;
      setText(title, `Why ${withUnit(figure(newest.prediction * target.scale, target.decimals), target.unit)}?`);
      setText(against, `Occlusion, against ${baselineName(s)}`);
      rewrite(`${newest.at} ${target.decimals} ${s.features.map((f) => f.decimals)}`);
      const behind = s.end - 1 - newest.at;
      const held = s.series.heldShare[s.series.slot(newest.at)]!;
      const old = `Explains the tick of ${shortTime(newest.time)}, ${ticks(behind)} old.`;
      // under a hundredth it moves no figure that is shown
      const rests = held >= 0.01 ? `${figure(held * 100, 0)}${THIN}% of this attribution rests on held values.` : '';
      setText(note, behind > 0 ? `${old} ${rests}` : rests || withoutMeans(s));
      show(note, true);
    },
  };
}

/** The sentence on one explained tick, with the decimals that the page uses. */
export function tell(s: Snapshot, explained: Explained, newest: string): ReturnType<typeof sentence> {
  const { cells, inputs, times, prediction, time } = explained;
  return sentence({
    cells,
    inputs,
    times,
    features: s.features,
    target: s.target,
    prediction,
    newest,
    of: (past) => ofTime(past, time),
  });
}

function baselineName(s: Snapshot): string {
  const kind = s.store.hello?.baseline.kind ?? '';
  if (kind === 'mean') return 'the training mean';
  if (kind === 'running-mean') return 'the mean so far';
  if (kind === 'zero') return 'zero';
  if (kind === 'last') return 'the tick before';
  return 'a given baseline';
}

function withoutMeans(s: Snapshot): string {
  return `“Without” a value: that value ${baselineWords(s.store.hello?.baseline.kind ?? '')}, all else as it was.`;
}

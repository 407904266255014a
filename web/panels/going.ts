/** Now, 4: whether it is going well: the error beside that of "same as now", over the last 250 settled ticks. */
import { difference, figure, THIN } from '../../src/numbers.ts';
import { el, setText, show } from '../dom.ts';
import { count, shortTime, ticks } from '../format.ts';
import type { Panel, Snapshot } from '../snapshot.ts';
import type { View } from '../view.ts';
import { aged } from './aged.ts';

const NO_TARGET = 'This model names no target: its predictions cannot be compared with what arrives.';

export function goingPanel(host: HTMLElement, view: View): Panel {
  const title = el('h2', 'label', {}, 'Going well?');
  const over = el('span', 'note');
  const age = aged();
  const gain = el('span', 'figure-value');
  const gainUnit = el('span', 'figure-unit', {}, '%');
  const compared = el('p', 'under');
  const error = el('span', 'figure-value');
  const errorUnit = el('span', 'figure-unit');
  const same = el('p', 'under');
  const usual = el('p', 'under', { hidden: '' });
  const learnt = el('p', 'under', { hidden: '', 'data-testid': 'learning' });
  const tag = el('span', 'tag', { hidden: '' });
  const pair = el(
    'div',
    'pair',
    {},
    el('div', '', {}, el('p', 'figure', {}, gain, gainUnit), compared),
    el('div', '', {}, el('p', 'figure', {}, error, errorUnit), same),
  );
  const none = el('p', 'under', { hidden: '' }, 'No prediction has been settled yet.');
  host.append(el('div', 'strip-head', {}, title, over, age.node), pair, usual, learnt, none, tag);
  host.setAttribute('aria-label', 'Going well');
  return {
    state: (state) => age.write(state),
    write(s) {
      const { skill } = view;
      const learning = learns(s);
      show(learnt, learning !== '');
      setText(learnt, learning);
      show(none, !skill);
      if (s.store.hello?.settles === false) setText(none, NO_TARGET);
      show(pair, skill !== null);
      show(tag, false);
      if (!skill) return;
      const { target } = s;
      setText(over, `last ${ticks(skill.count)}`);
      const known = Number.isFinite(skill.gain);
      setText(gain, known ? figure(Math.abs(skill.gain) * 100, 0) : '\u2013');
      setText(
        compared,
        figure(skill.gain * 100, 0) === '0'
          ? 'better or worse than “same as now”'
          : `${skill.gain >= 0 ? 'less' : 'more'} error than “same as now”`,
      );
      const [rms, other] = [skill.model, skill.same].map((size) =>
        figure(size * Math.abs(target.scale), target.decimals),
      );
      const asked = s.store.hello?.interval?.coverage;
      const held = view.coverage && asked !== undefined ? view.coverage.share : null;
      show(usual, held !== null);
      if (held === null) {
        setText(error, rms!);
        setText(errorUnit, target.unit === '%' ? 'pts' : target.unit);
        setText(same, `usual error (RMS); same as now ${other}`);
      } else {
        setText(error, figure(100 * held, 1));
        setText(errorUnit, '%');
        setText(same, `inside the ${figure(100 * asked!, 0)}${THIN}% interval`);
        setText(usual, `error ${difference(rms!, target.unit)}, as now ${other}`);
      }
      gain.title = `RMS ${difference(figure(skill.model * Math.abs(target.scale), target.decimals), target.unit)}, ${count(skill.count)}${THIN}ticks`;
      const { trainedUntil = null, validatedUntil = null } = s.store.hello ?? {};
      const where = trainedUntil !== null && skill.since <= trainedUntil ? 'training' : 'validation';
      show(tag, where === 'training' || (validatedUntil !== null && skill.since <= validatedUntil));
      setText(tag, `within ${where} data`);
    },
  };
}

/** Settled predictions before which nothing is said of a model that learns. */
const FEW = 50;

/** How a model that goes on learning compares with the one that was loaded; empty where it does not. */
function learns({ store }: Snapshot): string {
  const { adaptation = null } = store.status ?? {};
  if (!adaptation) return '';
  const { on, stoppedAt, settled, error, frozenError } = adaptation;
  if (!on) return `learns no more since ${shortTime(stoppedAt!)}: it had done worse than the model that was loaded`;
  if (settled === 0) return 'will learn from what it does not know yet';
  if (settled < FEW || !(frozenError > 0)) return 'learns from this stream';
  const less = figure(Math.abs(1 - error / frozenError) * 100, 1);
  const how = /[1-9]/.test(less) ? `${less}${THIN}% ${error < frozenError ? 'less' : 'more'} error than` : 'as good as';
  return `learns: ${how} the model that was loaded`;
}

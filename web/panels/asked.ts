/** Right column: the method that was asked about the selected tick, beside the live one: asked for, on its way, answered, failed. */
import { el, onChange, setText, show } from '../dom.ts';
import { brief, count, shortTime } from '../format.ts';
import { methodName } from '../methods.ts';
import type { Question } from '../questions.ts';
import type { Panel, Snapshot } from '../snapshot.ts';
import { say } from '../speech.ts';
import type { View } from '../view.ts';
import { askedOptions } from './askedOptions.ts';
import { AskedResult } from './askedResult.ts';

export function askedPanel(host: HTMLElement, view: View): Panel {
  const title = el('h2', 'section', { id: 'asked-title' });
  const status = el('span', 'note right');
  const button = el('button', 'quiet', { type: 'button' });
  const bar = el('progress', 'asked-progress', { 'aria-labelledby': 'asked-title', max: '1' });
  const summary = el('p', 'under');
  const caveat = el('p', 'caveat');
  const fault = el('p', 'fault', { hidden: '' });
  const options = askedOptions(view);
  const result = new AskedResult(view);
  const head = el(
    'div',
    'section-head',
    {},
    el('span', 'method-mark', { 'aria-hidden': 'true' }, '\u25c7'),
    title,
    status,
    button,
  );
  host.append(head, bar, summary, caveat, fault, result.node, options.node);
  host.setAttribute('aria-labelledby', 'asked-title');
  host.hidden = true;
  let act = (): void => {};
  button.addEventListener('click', () => act());
  let told = '';
  const speak = onChange(() => say(told, true));

  return {
    draw(s) {
      show(host, s.method !== null);
      if (s.method !== null) result.draw(s);
    },
    write(s) {
      show(host, s.method !== null);
      if (s.method === null) {
        result.clear();
        return;
      }
      const about = view.asking.about;
      setText(title, methodName(s.method));
      setText(summary, about ? `${sentence(about.summary)}.` : '');
      setText(caveat, about ? `Mind: ${about.caveat}.` : '');
      options.write(s);
      result.write(s);
      const state = stateOf(s, view);
      setText(status, state.note);
      setText(button, state.action);
      show(button, state.action !== '');
      act = state.act;
      setText(fault, state.fault);
      show(fault, state.fault !== '');
      progress(bar, s.question);
      if (state.fault) options.open();
      told = state.fault ? `${methodName(s.method)}: ${state.fault}` : result.words(s);
      if (s.question && s.question.state !== 'running')
        speak(`${s.method} ${s.explained.at} ${s.question.state} ${told}`);
    },
  };
}

interface State {
  note: string;
  action: string;
  act: () => void;
  fault: string;
}

function stateOf(s: Snapshot, view: View): State {
  const { question } = s;
  const again = () => view.asking.again();
  const none = { note: '', action: '', act: () => {}, fault: '' };
  if (s.selected === null)
    return { ...none, note: 'no tick is selected', action: 'Ask about the newest', act: () => view.select(s.end - 1) };
  if (!question) return { ...none, note: 'asking' };
  if (question.state === 'running')
    return {
      ...none,
      note: `about ${shortTime(s.explained.time)}${share(question)}`,
      action: 'Cancel',
      act: () => view.asking.cancel(),
    };
  if (question.state === 'cancelled') return { ...none, note: 'cancelled', action: 'Ask again', act: again };
  if (question.state === 'failed')
    return { ...none, note: 'no answer', action: 'Ask again', act: again, fault: sentence(question.message) };
  const { elapsedMs, evaluations } = question.explanation!;
  return { ...none, note: `${brief(elapsedMs)} · ${count(evaluations)} steps` };
}

function share({ done, total }: Question): string {
  return total > 0 ? `, ${Math.floor((100 * done) / total)}\u202f%` : '';
}

/** A hairline: no more than a line where nothing runs, so that nothing moves when something does. */
function progress(bar: HTMLProgressElement, question: Question | null): void {
  const running = question?.state === 'running';
  bar.classList.toggle('running', running);
  if (!running) bar.value = 0;
  else if (question.total > 0) bar.value = question.done / question.total;
  else bar.removeAttribute('value');
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Connection lost, another version, a refused token: a banner that cannot be overlooked, said once, with what to do. */
import { WIRE_VERSION } from '../../src/wire.ts';
import { el, setText, show } from '../dom.ts';
import { age, clock, longTime, span, ticks } from '../format.ts';
import type { Panel } from '../snapshot.ts';
import type { PageState } from '../state.ts';
import type { View } from '../view.ts';

const BACK_MS = 10_000;

export function bannerPanel(host: HTMLElement, view: View): Panel {
  const title = el('p', 'banner-title');
  const text = el('p', 'banner-text');
  const attempt = el('p', 'banner-attempt');
  const retry = el('button', 'banner-button', { type: 'button' }, 'Retry now');
  const reload = el('button', 'banner-button', { type: 'button' }, 'Reload');
  retry.addEventListener('click', () => view.connection.open());
  reload.addEventListener('click', () => location.reload());
  host.append(cut(), el('div', 'banner-words', {}, title, text), attempt, retry, reload);
  host.hidden = true;
  const alarm = document.getElementById('alarm')!;
  let lost: { end: number; since: number } | null = null;
  let backUntil = 0;

  const say = (kind: string, heading: string, detail: string) => {
    host.className = kind;
    setText(title, heading);
    setText(text, detail);
  };

  return {
    state(state) {
      const { store } = view;
      const now = performance.now();
      if (state.kind === 'lost') {
        if (!lost) {
          lost = { end: store.series?.end ?? 0, since: now };
          setText(alarm, 'Connection lost.');
        }
        say('lost', headline(state, view), detail(view));
      } else if (state.kind === 'mismatch') {
        const { server, program } = store.mismatch!;
        say(
          'lost',
          'Server and page are of different versions.',
          `The server speaks wire version ${server}${program ? ` (whytick ${program})` : ''}, this page ${WIRE_VERSION}. Reload to get the server's page.`,
        );
        setText(alarm, 'Server and page are of different versions.');
      } else if (lost) {
        // The first status follows whatever the server still had for this page.
        if (!(store.statusAt > lost.since)) return;
        const fetched = (store.series?.end ?? 0) - lost.end;
        lost = null;
        backUntil = now + BACK_MS;
        setText(alarm, 'Connected again.');
        say('back', `Back. ${ticks(fetched)} fetched.`, 'What could not be fetched is drawn as a gap.');
      } else if (store.error) {
        say('error', 'The server says:', store.error);
      }
      const visible = state.kind === 'lost' || state.kind === 'mismatch' || now < backUntil || store.error !== '';
      show(host, visible);
      show(retry, state.kind === 'lost');
      show(reload, state.kind === 'mismatch');
      setText(attempt, state.kind === 'lost' ? attempts(view, now) : '');
      if (state.kind === 'lost') document.title = `LOST ${Number.isFinite(state.age) ? age(state.age) : ''}, whytick`;
    },
  };
}

function headline(state: PageState, view: View): string {
  if (!Number.isFinite(state.age)) return view.store.error ? 'Not let in.' : 'No server answers.';
  return `Connection lost. Nothing here is newer than ${span(state.age)}.`;
}

function detail(view: View): string {
  const { series, error } = view.store;
  const { reason } = view.connection.link;
  if (error) return `${error} Open the address that the server printed.`;
  const why = reason ? `${reason[0]!.toUpperCase()}${reason.slice(1)}. ` : '';
  if (!series || series.end === 0) return `${why}The page asks again by itself.`;
  const slot = series.slot(series.end - 1);
  const received = clock(series.received[slot]!);
  return `${why}Last tick ${longTime(series.time[slot]!)}, received ${received} UTC. The server may still be running; this page cannot know.`;
}

function attempts(view: View, now: number): string {
  const { link } = view.connection;
  if (link.phase !== 'waiting') return `Attempt ${link.attempt + 1}`;
  return `Attempt ${link.attempt + 1} in ${Math.max(1, Math.ceil((link.retryAt - now) / 1000))}\u202fs`;
}

/** A cut line: what should connect does not. */
function cut(): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 36 36');
  svg.setAttribute('class', 'banner-mark');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', 'M2 18H12M24 18H34M14 11L22 25M22 11L14 25');
  svg.append(path);
  return svg;
}

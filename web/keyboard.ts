/** Single keys, for the page as a whole. A field or a button that has the focus keeps the keys it needs. */
import { numbered } from './methods.ts';
import type { View } from './view.ts';

export function keyboard(view: View): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as Element;
    if (target.closest('input, select, textarea, [contenteditable]')) return;
    const act = actions[event.key] ?? methodKey(event.key);
    if (!act || (event.key === ' ' && target.closest('button, a'))) return;
    event.preventDefault();
    act(view);
  });
}

/** 1 to 9 choose a method, as the menu numbers them. */
function methodKey(key: string): ((view: View) => void) | undefined {
  if (!/^[1-9]$/.test(key)) return undefined;
  return (view) => {
    const method = view.store.hello && numbered(view.store.hello)[Number(key) - 1];
    if (method !== undefined) view.choose(method);
  };
}

const actions: Record<string, (view: View) => void> = {
  ' ': (view) => view.togglePause(),
  l: (view) => view.live(),
  L: (view) => view.live(),
  Escape: (view) => view.live(),
  ArrowLeft: (view) => view.step(-1),
  ArrowRight: (view) => view.step(1),
  PageUp: (view) => view.step(-10),
  PageDown: (view) => view.step(10),
};

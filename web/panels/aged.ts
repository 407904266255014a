/** The age of a figure beside its title, shown while no newer one can come. */
import { el, setText, show } from '../dom.ts';
import { age } from '../format.ts';
import type { PageState } from '../state.ts';

export function aged(): { node: HTMLElement; write(state: PageState): void } {
  const node = el('span', 'aged', { hidden: '' });
  return {
    node,
    write(state) {
      const old =
        (state.kind === 'lost' || state.kind === 'stale' || state.kind === 'feed') && Number.isFinite(state.age);
      show(node, old);
      if (old) setText(node, `${age(state.age)} old`);
    },
  };
}

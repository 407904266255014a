/** Which method explains: the live one, or one that is asked about the selected tick beside it. */
import { el, onChange } from '../dom.ts';
import { menu, methodName, numbered } from '../methods.ts';
import type { Snapshot } from '../snapshot.ts';
import type { View } from '../view.ts';

export function methodMenu(view: View): { node: HTMLElement; write: (s: Snapshot) => void } {
  const select = el('select', 'control', { 'aria-keyshortcuts': '1 2 3 4 5 6 7 8 9' });
  const keys = el('span', 'note keys', {}, 'or ', el('kbd', '', {}, '1'), ' to ', el('kbd', '', {}, '9'));
  const node = el('div', 'method-row', {}, el('label', 'method-label', {}, 'Method ', select), keys);
  select.addEventListener('change', () => view.choose(select.value || null));
  const rebuild = onChange(() => {
    const { hello } = view.store;
    if (!hello) return;
    const keyed = numbered(hello);
    const live = hello.live ? `1 · ${methodName(hello.live.method)}, live` : '1 · none live';
    select.replaceChildren(
      el('option', '', { value: '' }, live),
      ...menu(hello).map(({ family, methods }) =>
        el(
          'optgroup',
          '',
          { label: family.slice(0, 1).toUpperCase() + family.slice(1) },
          ...methods.map(({ name, supported, summary }) => {
            const key = keyed.indexOf(name);
            const text = `${key < 0 ? '' : `${key + 1} · `}${methodName(name)}${supported === true ? '' : ' (not this model)'}`;
            const option = el('option', '', { value: name, title: supported === true ? summary : supported }, text);
            option.disabled = supported !== true;
            return option;
          }),
        ),
      ),
    );
  });
  return {
    node,
    write({ store, method }) {
      rebuild(
        JSON.stringify([store.hello?.methods.map(({ name, supported }) => [name, supported]), store.hello?.live]),
      );
      const value = method ?? '';
      if (select.value !== value) select.value = value;
    },
  };
}

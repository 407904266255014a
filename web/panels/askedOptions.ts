/** What can be set of the method that is asked: its own options, and the baseline. */
import { figure } from '../../src/numbers.ts';
import type { Baseline } from '../asking.ts';
import { el, onChange, setText } from '../dom.ts';
import type { Snapshot } from '../snapshot.ts';
import type { View } from '../view.ts';

const BASELINES: [value: string, text: string][] = [
  ['', 'as it was live'],
  ['zero', 'zero'],
  ['mean', 'mean'],
  ['last', 'the tick before'],
];

export function askedOptions(view: View): { node: HTMLElement; write: (s: Snapshot) => void; open: () => void } {
  const fields = el('div', 'option-fields');
  const submit = el('button', '', { type: 'submit' }, 'Ask');
  const form = el('form', 'options', { novalidate: '' }, fields, submit);
  const node = el('details', 'options-box', {}, el('summary', '', {}, 'Options'), form);
  let snapshot: Snapshot | null = null;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (snapshot) take(snapshot);
    view.refresh();
    view.asking.again();
  });

  const rebuild = onChange(() => {
    const { about } = view.asking;
    if (!about || !snapshot) return;
    const set = view.asking.options(about.name);
    const made = Object.entries(about.options).map(([name, value]) => field(name, value, set[name], snapshot!));
    if (!about.draws) made.push(baselineField(view.asking.baseline));
    fields.replaceChildren(...made);
    node.open = false;
  });

  function take(s: Snapshot): void {
    const { about } = view.asking;
    if (!about) return;
    const set = view.asking.options(about.name);
    for (const input of fields.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[name]')) {
      const { name, value } = input;
      if (name === 'baseline') view.asking.baseline = (value || null) as Baseline;
      else if (input instanceof HTMLInputElement && input.type === 'checkbox') set[name] = input.checked;
      else if (typeof about.options[name] === 'string') set[name] = value;
      else if (value.trim() === '') delete set[name];
      // what is no number the server refuses by name
      else set[name] = Number.isFinite(Number(value)) ? Number(value) / factor(name, s) : value;
    }
  }

  return {
    node,
    write(s) {
      snapshot = s;
      rebuild(`${s.method} ${s.target.name}`);
      setText(submit, s.question?.state === 'answered' ? 'Ask again' : 'Ask');
    },
    open() {
      node.open = true;
    },
  };
}

/** A threshold is given in the unit that predictions are shown in. */
function factor(name: string, { target }: Snapshot): number {
  return name === 'threshold' ? target.scale : 1;
}

function field(
  name: string,
  fallback: number | string | boolean | null,
  set: number | string | boolean | undefined,
  s: Snapshot,
): HTMLElement {
  const id = `option-${name}`;
  const unit = name === 'threshold' && s.target.unit ? `, ${s.target.unit}` : '';
  const label = el('label', '', { for: id }, `${name}${unit}`);
  const value = set ?? fallback;
  if (typeof fallback === 'boolean') {
    const input = el('input', '', { id, name, type: 'checkbox' });
    input.checked = value === true;
    return el('div', 'option', {}, label, input);
  }
  const shown = typeof value === 'number' ? String(Number((value * factor(name, s)).toPrecision(12))) : (value ?? '');
  const now = figure(s.explained.prediction * s.target.scale, s.target.decimals);
  const hints: Record<string, string> = { since: 'the tick before', threshold: `now ${now}` };
  const hint = hints[name] ?? (fallback === null ? 'automatic' : '');
  const input = el('input', 'control', {
    id,
    name,
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: hint,
    ...(typeof fallback === 'string' ? {} : { inputmode: 'decimal' }),
  });
  input.value = shown as string;
  return el('div', 'option', {}, label, input);
}

function baselineField(chosen: Baseline): HTMLElement {
  const id = 'option-baseline';
  const select = el(
    'select',
    'control',
    { id, name: 'baseline' },
    ...BASELINES.map(([value, text]) => el('option', '', { value }, text)),
  );
  select.value = chosen ?? '';
  return el('div', 'option', {}, el('label', '', { for: id }, 'baseline'), select);
}

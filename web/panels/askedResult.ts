/** What a method answered, drawn: cells, whole ticks, weights, bars, changed values; and how far it agrees with the live one. */
import { type Agreement, agreement, leader } from '../agreement.ts';
import { type Change, changesOf, rowOf, type Shown, shownOf } from '../answer.ts';
import { barItem } from '../bars.ts';
import { Columns } from '../columns.ts';
import { el, onChange, setText, show } from '../dom.ts';
import { shortTime } from '../format.ts';
import { Heat } from '../heat.ts';
import { isSlope, methodName } from '../methods.ts';
import { Bound, Diverging } from '../scale.ts';
import type { Snapshot } from '../snapshot.ts';
import type { View } from '../view.ts';
import { agreementBox } from './agreementBox.ts';

interface Answered {
  shown: Shown;
  changes: Change[] | null;
  explanation: NonNullable<NonNullable<Snapshot['question']>['explanation']>;
}

export class AskedResult {
  readonly node = el('div', 'asked-result');
  readonly #view: View;
  readonly #heat: Heat;
  readonly #moved: Heat;
  readonly #weights: Heat;
  readonly #columns: Columns;
  readonly #movedTitle = el('p', 'label');
  readonly #bars = el('ol', 'effects');
  readonly #changes = el('ul', 'changes');
  readonly #facts = el('ul', 'facts-list');
  readonly #agreement = agreementBox();
  readonly #unit = el('p', 'note unit');
  readonly #summary = el('p', 'unseen', { id: 'asked-summary' });
  readonly #slopes = new Bound();
  #scale: { version: number; weights: Diverging } | null = null;
  #answered: Answered | null = null;
  readonly #rewrite = onChange(() => this.#rebuild());
  #key = '';
  #snapshot: Snapshot | null = null;

  constructor(view: View) {
    this.#view = view;
    const named = { 'aria-labelledby': 'asked-title', 'aria-describedby': 'asked-summary' };
    this.#heat = new Heat(view, named, 'asked-heat-map');
    this.#moved = new Heat(view, named, 'asked-moved');
    this.#weights = new Heat(view, named, 'asked-weights');
    this.#columns = new Columns(view, named, 'asked-columns');
    this.node.append(
      ...[this.#heat, this.#weights].flatMap(({ figure, axis }) => [figure, axis]),
      this.#columns.figure,
      this.#bars,
      this.#changes,
      this.#unit,
      this.#movedTitle,
      this.#moved.figure,
      this.#moved.axis,
      this.#agreement.node,
      this.#facts,
      this.#summary,
    );
    this.clear();
  }

  clear(): void {
    this.#answered = null;
    this.#key = '';
    for (const child of this.node.children) (child as HTMLElement).hidden = true;
  }

  draw(s: Snapshot): void {
    this.#take(s);
    if (!this.#answered) return;
    const { shown, explanation } = this.#answered;
    const newest = shortTime(s.explained.time);
    const table = { newest, right: 'sum', apart: false };
    const bound = isSlope(explanation.method) ? this.#slopes : this.#view.effects;
    if (shown.heat) {
      if (bound === this.#slopes) bound.rescale();
      // what both methods share grows for both: the other one is drawn again
      if (bound.take(shown.heat.most) && bound !== this.#slopes) this.#view.refresh();
      this.#heat.draw(s, { ...table, ...shown.heat, most: bound.value });
      this.#heat.write({ ...table, ...shown.heat, most: bound.value });
    }
    if (shown.moved) {
      this.#moved.draw(s, { ...table, rows: shown.moved.rows, most: bound.value });
      this.#moved.write({ ...table, rows: shown.moved.rows, most: bound.value });
    }
    if (shown.weights) {
      const scale = this.#weightScale(s);
      const most = Math.max(...shown.weights.flatMap(({ values }) => Array.from(values)));
      this.#weights.draw(s, { ...table, rows: shown.weights, right: 'largest', most, scale });
      this.#weights.write({ ...table, rows: shown.weights, right: 'largest', most, scale });
    }
    if (shown.columns) {
      const { sum } = rowOf('', shown.columns.values, s.target.decimals);
      this.#columns.draw(s, { name: 'Whole tick', ...shown.columns, newest, sum });
    }
  }

  write(s: Snapshot): void {
    this.#take(s);
    this.#snapshot = s;
    const running = s.question?.state === 'running';
    this.node.setAttribute('aria-busy', String(running));
    this.node.classList.toggle('empty', running && !this.#answered);
    if (!this.#answered) return;
    this.#rewrite(`${this.#key} ${s.target.decimals} ${s.explained.known}`);
  }

  /** In a sentence, for who does not see it. */
  words(_s: Snapshot): string {
    return this.#summary.textContent ?? '';
  }

  /** Keeps the last answer until another one comes, so that nothing jumps meanwhile. */
  #take(s: Snapshot): void {
    const { question } = s;
    if (!question?.explanation) {
      if (question?.state === 'failed' || question?.state === 'cancelled' || s.selected === null) this.clear();
      else if (this.#answered && this.#answered.explanation.method !== s.method) this.clear();
      return;
    }
    const key = `${s.explained.at} ${JSON.stringify([question.method, question.options, question.baseline])} ${s.target.decimals}`;
    if (key === this.#key) return;
    this.#key = key;
    const { explanation } = question;
    const context = { features: s.features, target: s.target, times: s.explained.times, inputs: s.explained.inputs };
    const shown = shownOf(explanation, context);
    const caveat = this.#view.asking.about?.caveat ?? '';
    shown.facts = shown.facts.filter((fact) => caveat === '' || !fact.includes(caveat)); // it stands above already
    this.#answered = { explanation, shown, changes: changesOf(explanation, context) };
    this.#appear();
  }

  #appear(): void {
    const { shown, explanation } = this.#answered!;
    const visible: [HTMLElement, boolean][] = [
      [this.#heat.figure, shown.heat !== null],
      [this.#heat.axis, shown.heat !== null],
      [this.#moved.figure, shown.moved !== null],
      [this.#moved.axis, shown.moved !== null],
      [this.#movedTitle, shown.moved !== null],
      [this.#weights.figure, shown.weights !== null],
      [this.#weights.axis, shown.weights !== null],
      [this.#columns.figure, shown.columns !== null],
      [this.#bars, shown.bars.length > 0],
      [this.#changes, explanation.counterfactual !== null || explanation.method === 'counterfactual'],
      [this.#unit, shown.unit !== '' && (shown.bars.length > 0 || isSlope(explanation.method))],
      [this.#facts, shown.facts.length > 0],
      [this.#summary, true],
    ];
    for (const [node, is] of visible) show(node, is);
  }

  #rebuild(): void {
    const s = this.#snapshot!;
    const { shown, changes, explanation } = this.#answered!;
    const most = shown.bars.reduce((max, { effect, error = 0 }) => Math.max(max, Math.abs(effect) + error), 0);
    this.#bars.replaceChildren(...shown.bars.map((bar) => barItem(bar, most, shown.decimals)));
    setText(this.#unit, shown.unit);
    setText(this.#movedTitle, shown.moved ? `What changed ${shown.moved.since}` : '');
    this.#facts.replaceChildren(...shown.facts.map((fact) => el('li', '', {}, fact)));
    this.#changes.replaceChildren(...changeItems(changes, explanation, s));
    const against = s.explained.known ? agreementWith(s, explanation) : null;
    show(this.#agreement.node, against !== null);
    if (against) this.#agreement.write(against);
    const sums =
      shown.heat?.rows.map(({ name, sum }) => `${name} ${sum}`) ?? shown.bars.slice(0, 3).map(({ name }) => name);
    setText(
      this.#summary,
      [`${methodName(explanation.method)}: ${sums.join(', ')}.`, against?.words ?? '', ...shown.facts].join(' '),
    );
  }

  /** Weights are no effects: from nothing to grey. */
  #weightScale({ palette }: Snapshot): Diverging {
    if (this.#scale?.version !== palette.version)
      this.#scale = { version: palette.version, weights: new Diverging(palette.mid, palette.mid, palette.t2) };
    return this.#scale.weights;
  }
}

/** How far cells, whole ticks or sums by feature agree with those of the live method. */
export interface Against extends Agreement {
  /** What is compared. */
  what: 'cells' | 'ticks';
  sameLeader: boolean | null;
  words: string;
}

function agreementWith(s: Snapshot, e: Answered['explanation']): Against | null {
  const live = s.store.hello?.live;
  // what moved a prediction is another thing than what made it
  if (!live || live.method === e.method || e.since !== null) return null;
  const { explained, features, target } = s;
  const F = features.length;
  const cells = e.values?.flat() ?? null;
  if (!cells && !e.events) return null;
  const theirs = cells ?? e.events!;
  const ours = cells ? explained.cells : explained.events;
  const measured = agreement(ours.subarray(ours.length - theirs.length), theirs);
  const sums = cells ? Array.from({ length: F }, (_, f) => e.values!.reduce((sum, row) => sum + row[f]!, 0)) : null;
  const [first, second] = [leader(explained.sums), sums ? leader(sums) : -1];
  const sameLeader = sums && first >= 0 && second >= 0 && F > 1 ? first === second : null;
  const number = (value: number): string =>
    `${value > 0 ? '+' : '\u2212'}${Math.abs(value * target.scale).toFixed(target.decimals)}`;
  const amount = (value: number): string => (isSlope(e.method) ? '' : ` (${number(value)})`);
  const name = methodName(e.method);
  const words =
    sameLeader === null
      ? ''
      : sameLeader
        ? `Both put ${features[first]!.label} first.`
        : `Another leader: ${methodName(live.method).toLowerCase()} puts ${features[first]!.label} first (${number(explained.sums[first]!)}), ${name} ${features[second]!.label}${amount(sums![second]!)}.`;
  return { ...measured, what: cells ? 'cells' : 'ticks', sameLeader, words };
}

function changeItems(changes: Change[] | null, e: Answered['explanation'], { target }: Snapshot): HTMLElement[] {
  if (e.method !== 'counterfactual') return [];
  if (!changes) return [el('li', '', {}, 'No change within the bounds of its options was found.')];
  const output = `${(e.counterfactual!.output * target.scale).toFixed(target.decimals)}\u202f${target.unit}`.trim();
  return [
    ...changes.map(({ name, from, to }) => el('li', '', {}, `${name}: `, el('b', '', {}, to), ` instead of ${from}`)),
    el('li', 'total', {}, 'With that, the model would say ', el('b', '', {}, output), '.'),
  ];
}

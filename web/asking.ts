/** Which method is asked beside the live one, with which options, about which tick: follows the selection. */
import type { WireMethod } from '../src/wire.ts';
import type { Question } from './questions.ts';
import type { Explained } from './snapshot.ts';
import type { Store } from './store.ts';

export type Baseline = 'zero' | 'mean' | 'last' | null;

/** A selection that moves on within this time was only passed by, ms. */
const PASSING_MS = 150;

export class Asking {
  /** The method that is chosen; null: the live one alone. */
  method: string | null = null;
  baseline: Baseline = null;
  /** What was asked about the selected tick. */
  question: Question | null = null;
  readonly #store: Store;
  readonly #changed: () => void;
  readonly #options = new Map<string, Record<string, number | string | boolean>>();
  #selected: Explained | null = null;
  /** The live method's cells of a tick that came before this page did. */
  #cells: Question | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param changed called when something is to be drawn */
  constructor(store: Store, changed: () => void) {
    this.#store = store;
    this.#changed = changed;
  }

  /** Changes whenever what was asked, or what came of it, does. */
  get version(): string {
    const told = ({ state, done, message }: Question) => `${state} ${done} ${message}`;
    return `${this.method} ${this.question ? told(this.question) : ''} ${this.#cells ? told(this.#cells) : ''}`;
  }

  /** The live method's cells, while they are being asked for or where they cannot be had. */
  get cells(): Question | null {
    return this.#cells;
  }

  /** The chosen method as the server describes it. */
  get about(): WireMethod | null {
    return this.find(this.method);
  }

  find(name: string | null): WireMethod | null {
    return this.#store.hello?.methods.find((method) => method.name === name) ?? null;
  }

  choose(method: string | null): void {
    this.method = method;
  }

  /** What is set of a method's options; the others are as the server has them. */
  options(method: string): Record<string, number | string | boolean> {
    let set = this.#options.get(method);
    if (!set) this.#options.set(method, (set = {}));
    return set;
  }

  /** Another tick is selected, or none, or another method or option chosen: asks what is not known. */
  follow(selected: Explained | null): void {
    clearTimeout(this.#timer);
    if (selected !== this.#selected) {
      this.#selected = selected;
      this.#give(this.#cells);
      this.#cells = null;
    }
    this.#give(this.question);
    this.question = null;
    if (!selected) return;
    this.#timer = setTimeout(() => this.#ask(selected), PASSING_MS);
  }

  /** Asks at once, also again what failed. */
  again(): void {
    clearTimeout(this.#timer);
    if (this.#selected) this.#ask(this.#selected);
  }

  cancel(): void {
    this.#give(this.question);
    this.#changed();
  }

  /** Takes in cells that have come. */
  settle(): void {
    const selected = this.#selected;
    const values = this.#cells?.explanation?.values;
    if (!selected || selected.known || !values) return;
    selected.fill(values);
    this.#cells = null;
  }

  #ask(selected: Explained): void {
    const { hello, questions } = this.#store;
    const { index, time } = selected;
    if (hello?.live && !selected.known) this.#cells = questions.ask({ index, time, ...hello.live });
    const { baseline, about } = this;
    if (about) {
      const options = this.#complete(about, index);
      const asking = { index, time, method: about.name, options, baseline: about.draws ? null : baseline };
      this.question = questions.ask(asking);
    }
    this.#changed();
  }

  /** What is set; "since" is the tick before unless it is. */
  #complete(about: WireMethod, index: number): Record<string, number | string | boolean> {
    const set = this.options(about.name);
    return 'since' in about.options && set.since === undefined ? { ...set, since: index - 1 } : { ...set };
  }

  #give(question: Question | null): void {
    if (question) this.#store.questions.cancel(question);
  }
}

/**
 * Why the prediction moved since a marked tick, live: the effect of a cell on y_t - y_s is its effect on y_t minus its effect
 * on y_s, and a bank of rolling occlusion has computed both when it passed those ticks.
 */
export class LiveDelta {
  /** Cells (K, F) and ticks (K) of the later window, oldest first: what each did to the move. */
  readonly values: Float32Array;
  readonly events: Float32Array;
  /** y_t - y_s. */
  moved = 0;
  /** Ticks since the marked one; null: none is marked. */
  age: number | null = null;

  readonly #bank: Bank;
  readonly #marked: { values: Float32Array; events: Float32Array };
  #output = 0;

  /** @param bank the bank whose outputs are compared; one that forgets (eps > 0) answers to within that eps */
  constructor(bank: Bank) {
    this.#bank = bank;
    const { values, events } = bank;
    [this.values, this.events] = [new Float32Array(values.length), new Float32Array(events.length)];
    this.#marked = { values: new Float32Array(values.length), events: new Float32Array(events.length) };
  }

  /** Marks the tick that the bank has just taken. @param output what the model said then */
  mark(output: number): void {
    this.#marked.values.set(this.#bank.values);
    this.#marked.events.set(this.#bank.events);
    this.#output = output;
    this.age = 0;
    this.#subtract(output);
  }

  /** The bank has taken another tick. @param output what the model says now */
  update(output: number): void {
    if (this.age === null) return;
    this.age++;
    this.#subtract(output);
  }

  /** Forgets the mark. */
  clear(): void {
    this.age = null;
    this.moved = 0;
    this.values.fill(0);
    this.events.fill(0);
  }

  #subtract(output: number): void {
    this.moved = output - this.#output;
    shiftedDifference(
      this.values,
      this.#bank.values,
      this.#marked.values,
      this.age! * (this.values.length / this.events.length),
    );
    shiftedDifference(this.events, this.#bank.events, this.#marked.events, this.age!);
  }
}

/** What is read of a bank: its effects after the last tick. */
interface Bank {
  readonly values: Float32Array;
  readonly events: Float32Array;
}

/** out = now - then, where `then` stands `by` places later: its window has moved on, and what has left it is asked no more. */
function shiftedDifference(out: Float32Array, now: Float32Array, then: Float32Array, by: number): void {
  for (let i = 0; i < out.length; i++) out[i] = now[i]! - (i + by < then.length ? then[i + by]! : 0);
}

/** How far training has come, on stderr: one line that is redrawn on a terminal, else a line every few seconds. */
import type { Epoch, Progress } from '../../training/index.ts';
import { short } from './table.ts';

/** What the line on a terminal says. */
export interface Shown {
  /** The epoch that runs, of how many at most; steps done in it, and all of them. */
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  /** Mean loss of those steps, and the loss that the last complete epoch left where nothing is learnt from. */
  loss: number;
  validation: number | null;
  /** The best epoch so far; 0: none yet. */
  best: number;
  /** Milliseconds until the last of all epochs, or null where none is complete. */
  left: number | null;
}

const BAR = 20;
/** Milliseconds between two drawings, and between two lines where there is no terminal: of epochs that got better, of any. */
const DRAW_MS = 100;
const BETTER_MS = 3000;
const ALIVE_MS = 10_000;

/**
 * The line, without an escape sequence. What matters least is left out until it fits.
 * @param columns of the terminal; the last one stays free, so that no line wraps
 */
export function progressLine(shown: Shown, columns: number): string {
  const { epoch, epochs, step, steps, loss, validation, best, left } = shown;
  const filled = Math.floor((BAR * (epoch - 1 + step / steps)) / epochs);
  // by what goes first when there is no room: 0 stays
  const parts: [text: string | false, goes: number][] = [
    [`[${'#'.repeat(filled).padEnd(BAR, '.')}]`, 2],
    [`epoch ${epoch}/${epochs}`, 0],
    [`step ${step}/${steps}`, 1],
    [`loss ${short(loss)}`, 4],
    [validation !== null && `validation ${short(validation)}`, 5],
    [best > 0 && `best in epoch ${best}`, 3],
    [left !== null && `at most ${duration(left)} left`, 6],
  ];
  const line = (from: number): string =>
    parts
      .filter(([text, goes]) => text !== false && (goes === 0 || goes >= from))
      .map(([text]) => text)
      .join('  ');
  for (let from = 1; from <= parts.length; from++) if (line(from).length < columns) return line(from);
  return `epoch ${epoch}/${epochs}`.slice(0, Math.max(0, columns - 1));
}

/** `45 s`, `12 min`, `3 h 5 min`: rounded up. */
export function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** Where lines go: `process.stderr`. */
interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export class TrainProgress {
  readonly #to: Terminal;
  readonly #epochs: number;
  readonly #now: () => number;
  /** Whether a line can be drawn over. */
  readonly #drawn: boolean;
  #began: number;
  /** Epochs of this run, when the last of them ended, and what it said where that was not written. */
  #complete = 0;
  #ended: number;
  #unsaid: string | null = null;
  #validation: number | null = null;
  #best = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** @param epochs at most @param now milliseconds from anywhere */
  constructor(to: Terminal, epochs: number, now: () => number = () => performance.now()) {
    this.#to = to;
    this.#epochs = epochs;
    this.#now = now;
    this.#drawn = to.isTTY === true && process.env.TERM !== 'dumb';
    this.#began = now();
    this.#ended = this.#began;
  }

  /** Training begins. @param best the best epoch before, where it goes on from another run */
  begin(best = 0): void {
    this.#best = best;
    this.#began = this.#now();
    this.#ended = this.#began;
  }

  /** After every step. */
  step({ epoch, step, steps, loss }: Progress): void {
    const now = this.#now();
    if (!this.#drawn) {
      // the first line is due when nothing was said for long since the beginning
      if (now - Math.max(this.#last, this.#began) >= ALIVE_MS)
        this.#say(`epoch ${epoch}: step ${step} of ${steps}, loss ${short(loss)}`);
      return;
    }
    if (now - this.#last < DRAW_MS) return;
    this.#last = now;
    const { validation, best, left } = { validation: this.#validation, best: this.#best, left: this.#left(epoch, now) };
    const line = progressLine(
      { epoch, epochs: this.#epochs, step, steps, loss, validation, best, left },
      this.#to.columns ?? 80,
    );
    this.#to.write(`\r${line}\x1b[K`);
  }

  /** After every epoch. */
  epoch({ epoch, loss, validation, best }: Epoch): void {
    this.#complete++;
    this.#ended = this.#now();
    this.#validation = validation;
    if (best) this.#best = epoch;
    if (this.#drawn) return;
    const measured = validation === null ? '' : `, validation ${short(validation)}`;
    const text = `epoch ${epoch}: loss ${short(loss)}${measured}${best ? ', the best so far' : ''}`;
    this.#unsaid = text;
    const since = this.#ended - this.#last;
    if (this.#complete === 1 || (best && since >= BETTER_MS) || since >= ALIVE_MS) this.#say(text);
  }

  /** A line of its own. */
  note(text: string): void {
    this.#to.write(`${this.#drawn ? '\r\x1b[K' : ''}${text}\n`);
  }

  /** The line on a terminal goes; elsewhere the last epoch is told. */
  end(): void {
    if (this.#drawn) this.#to.write('\r\x1b[K');
    else if (this.#unsaid !== null) this.#say(this.#unsaid);
  }

  #say(text: string): void {
    this.#last = this.#now();
    this.#unsaid = null;
    this.note(text);
  }

  /** The mean epoch times those that are left, less what has passed of the one that runs. */
  #left(epoch: number, now: number): number | null {
    if (this.#complete === 0) return null;
    const mean = (this.#ended - this.#began) / this.#complete;
    return mean * (this.#epochs - epoch) + Math.max(0, mean - (now - this.#ended));
  }
}

/**
 * What this page asked the server about single ticks, and what became of it. One question is on its way at a time, so that a
 * newer one never takes the place of another that this page still wants; the last answers are kept.
 */
import type { ExplainMessage, ServerMessage, WireExplanation } from '../src/wire.ts';

/** A question without its number. */
export type Asking = Omit<ExplainMessage, 'type' | 'id'>;

export interface Question extends Asking {
  state: 'running' | 'answered' | 'failed' | 'cancelled';
  done: number;
  /** What there is to do; 0 while it is not known. */
  total: number;
  explanation: WireExplanation | null;
  /** Why there is none. */
  message: string;
}

type Answer = Extract<ServerMessage, { type: 'progress' | 'explanation' | 'explain-error' }>;

/** Answers that are kept. */
const KEPT = 24;

export class Questions {
  send: (message: object) => void = () => {};
  #next = 1;
  #flying: { id: number; question: Question } | null = null;
  readonly #waiting: Question[] = [];
  readonly #kept = new Map<string, Question>();

  /** Asks, or finds the answer that is there already. */
  ask(asking: Asking): Question {
    const key = keyOf(asking);
    const known = this.#kept.get(key);
    if (known && (known.state === 'answered' || known.state === 'running')) return known;
    const question: Question = { ...asking, state: 'running', done: 0, total: 0, explanation: null, message: '' };
    this.#kept.delete(key);
    this.#kept.set(key, question);
    for (const [oldest, { state }] of this.#kept) {
      if (this.#kept.size <= KEPT) break;
      if (state !== 'running') this.#kept.delete(oldest);
    }
    this.#waiting.push(question);
    this.#fly();
    return question;
  }

  /** Takes a question back that is not answered yet. */
  cancel(question: Question): void {
    if (question.state !== 'running') return;
    end(question, 'cancelled', 'cancelled');
    const at = this.#waiting.indexOf(question);
    if (at >= 0) this.#waiting.splice(at, 1);
    else if (this.#flying?.question === question) this.send({ type: 'cancel', id: this.#flying.id });
  }

  /** What the server says of a question; of one that is none any more, nothing follows. */
  take(message: Answer): void {
    const flying = this.#flying;
    if (flying?.id !== message.id) return;
    const { question } = flying;
    if (message.type === 'progress') {
      question.done = message.done;
      question.total = message.total;
      return;
    }
    this.#flying = null;
    if (question.state === 'running' && message.type === 'explanation') {
      question.state = 'answered';
      question.explanation = message.explanation;
    } else if (question.state === 'running' && message.type === 'explain-error') {
      end(question, 'failed', message.message);
    }
    this.#fly();
  }

  /** The connection is gone, and with it whoever would have answered. */
  lost(): void {
    const open = [...(this.#flying ? [this.#flying.question] : []), ...this.#waiting.splice(0)];
    this.#flying = null;
    for (const question of open)
      if (question.state === 'running') end(question, 'failed', 'the connection was lost before the answer came');
  }

  /** Another stream or model: no answer holds. */
  forget(): void {
    this.lost();
    this.#kept.clear();
  }

  #fly(): void {
    if (this.#flying) return;
    const question = this.#waiting.shift();
    if (!question) return;
    const id = this.#next++;
    this.#flying = { id, question };
    const { index, time, method, options, baseline = null } = question;
    this.send({ type: 'explain', id, index, time, method, options, baseline });
  }
}

function end(question: Question, state: 'failed' | 'cancelled', message: string): void {
  question.state = state;
  question.message = message;
}

function keyOf({ index, time, method, options, baseline = null }: Asking): string {
  return JSON.stringify([index, time, method, options, baseline]);
}

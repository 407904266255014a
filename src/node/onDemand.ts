/** What dashboards ask about recent ticks, put to the methods of the registry. */
import type { Engine } from '../engine.ts';
import { ConfigError, invalid } from '../errors.ts';
import { findMethod, methodOptions, methods } from '../methods/index.ts';
import type { ModelSpec } from '../model/spec.ts';
import type { ExplainMessage, Hello, ServerMessage, Status } from '../wire.ts';
import { Explanations } from './explanations.ts';

/** A dashboard, as far as it is answered. */
export interface Asker {
  send(message: string): void;
  /** Whether it takes what can be left out. */
  readonly keepsUp: boolean;
}

export interface OnDemandOptions {
  /** The engine whose ticks are shown. */
  engine: () => Engine;
  spec: ModelSpec;
  module: WebAssembly.Module;
  /** Names of the columns that feed the model. */
  features: readonly string[];
}

/** The methods there are, and whether they explain this model; numbers without a default are null. */
export function describeMethods(spec: ModelSpec): Hello['methods'] {
  return methods.map((method) => ({
    name: method.name,
    summary: method.summary,
    caveat: method.about.caveat,
    family: method.about.family,
    draws: method.draws ?? false,
    supported: method.supports(spec),
    options: Object.fromEntries(
      Object.entries(method.options).map(([name, value]) => [name, Number.isNaN(value) ? null : value]),
    ),
  }));
}

/** The largest count that a page may ask for. */
const MOST = 100_000;

export class OnDemand {
  readonly #options: OnDemandOptions;
  readonly #explanations: Explanations;

  constructor(options: OnDemandOptions) {
    this.#options = options;
    const { spec, module, features } = options;
    this.#explanations = new Explanations({ spec, module, features });
  }

  /** Questions that wait or are being answered, and what became of the others. */
  get status(): Status['questions'] {
    return { open: this.#explanations.size, ...this.#explanations.counters };
  }

  /**
   * Puts a question. What is wrong with it is said to who asked, and to nobody else.
   * @param key the stream that is shown; null before its first tick
   */
  ask(asker: Asker, message: ExplainMessage, key: string | null): void {
    const { id } = message;
    const say = (said: ServerMessage): void => asker.send(JSON.stringify(said));
    const failed = (reason: string): void => say({ type: 'explain-error', id, message: reason });
    try {
      const { method, options } = this.#choose(message);
      const { index, time, baseline = null, target = null } = message;
      const question = this.#options.engine().question(key ?? '', index, { time, baseline });
      const job = { index, question, method, options, target: target === null ? null : String(target) };
      this.#explanations.ask(asker, id, job, {
        progress: (done, total) => asker.keepsUp && say({ type: 'progress', id, done, total }),
        answer: (json) => asker.send(`{"type":"explanation","id":${id},"explanation":${json}}`),
        failed,
      });
    } catch (error) {
      // whatever it is, it concerns who asked: the stream goes on
      failed((error as Error).message);
    }
  }

  cancel(asker: Asker, id: number): void {
    this.#explanations.cancel(asker, id);
  }

  leave(asker: Asker): void {
    this.#explanations.leave(asker);
  }

  close(): Promise<void> {
    return this.#explanations.close();
  }

  /** @throws ConfigError for an unknown method or option, or one that cannot explain this model */
  #choose({ method: name, options: asked }: ExplainMessage) {
    const method = findMethod(name);
    const supported = method.supports(this.#options.spec);
    if (supported !== true) throw new ConfigError(invalid('method', name, `another one: ${supported}`));
    for (const [option, value] of Object.entries(asked)) {
      // a number that has a default is a count or a share: samples, steps, coalitions
      if (typeof value === 'number' && Math.abs(value) > MOST && Number.isFinite(method.options[option]))
        throw new ConfigError(invalid(`--option ${option}`, value, `at most ${MOST}`));
    }
    const texts = Object.fromEntries(Object.entries(asked).map(([option, value]) => [option, String(value)]));
    return { method: name, options: methodOptions(method, texts) };
  }
}

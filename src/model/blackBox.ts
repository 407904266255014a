/** Models that are only called: any ONNX file, by onnxruntime-web, which is loaded when the first one is opened. */
import { ConfigError, invalid, ModelError } from '../errors.ts';
import type { BlackBoxSpec, ModelSpec } from './spec.ts';

/** The part of onnxruntime-web that is used: said here, since who has no black box need not install it. */
interface Runtime {
  env: { wasm: { numThreads?: number }; logLevel?: string };
  InferenceSession: { create(model: Uint8Array, options: { logSeverityLevel: 3 }): Promise<Session> };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => Tensor;
}

interface Session {
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

interface Tensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** Windows that go into one call: enough to be fast, few enough that what a model needs in between stays small. */
const CHUNK = 256;
/** What the runtime writes to the console: not that a file holds something that nobody reads. */
const ERRORS = 3;

/**
 * Opens a black box.
 * @param load how the runtime is imported
 * @throws ConfigError where onnxruntime-web is not installed
 * @throws ModelError where it does not take the model
 */
export async function openBlackBox(
  spec: ModelSpec,
  load: () => Promise<unknown> = () => import('onnxruntime-web'),
): Promise<BlackBox> {
  const { blackBox, name } = spec;
  if (!blackBox) throw new ModelError(invalid(name, `a model of ${spec.layers.length} layers`, 'a black box'));
  const runtime = await imported(load, name);
  // one thread: the same bits in every run
  runtime.env.wasm.numThreads = 1;
  runtime.env.logLevel = 'error';
  try {
    const session = await runtime.InferenceSession.create(blackBox.bytes, { logSeverityLevel: ERRORS });
    return new BlackBox(spec, blackBox, session, runtime.Tensor);
  } catch (cause) {
    throw failed(name, cause, 'a model that onnxruntime-web takes');
  }
}

async function imported(load: () => Promise<unknown>, name: string): Promise<Runtime> {
  try {
    return (await load()) as Runtime;
  } catch (cause) {
    const expected = 'onnxruntime-web, which runs such models: npm install onnxruntime-web';
    throw new ConfigError(invalid(`${name} runtime`, undefined, expected), { cause });
  }
}

function failed(path: string, cause: unknown, expected: string): ModelError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new ModelError(invalid(path, said.replace(/^.*ERROR_MESSAGE: /s, '').replace(/^\S+\.cc:\d+ /, ''), expected), {
    cause,
  });
}

/** A model that answers for whole windows. Close it to free the memory that the runtime holds. */
export class BlackBox {
  /** F. */
  readonly inputs: number;
  /** O names. */
  readonly outputs: readonly string[];
  readonly #spec: ModelSpec;
  readonly #box: BlackBoxSpec;
  readonly #session: Session;
  readonly #tensor: Runtime['Tensor'];

  /** See `openBlackBox`. */
  constructor(spec: ModelSpec, box: BlackBoxSpec, session: Session, tensor: Runtime['Tensor']) {
    this.inputs = spec.inputs;
    this.outputs = spec.outputs;
    this.#spec = spec;
    this.#box = box;
    this.#session = session;
    this.#tensor = tensor;
  }

  /**
   * Asks about N windows of T ticks.
   * @param windows (N, T, F)
   * @returns (N, O)
   * @throws ModelError where the windows are of another size than the model's, or it fails
   */
  async run(windows: Float32Array, N: number, T: number): Promise<Float32Array> {
    const { name, window } = this.#spec;
    const F = this.inputs;
    if (window !== null && T !== window) throw new ModelError(invalid(`${name} window`, T, `${window} ticks`));
    if (windows.length !== N * T * F) {
      throw new ModelError(invalid(`${name} windows`, `${windows.length} values`, `${N} x ${T} x ${F}`));
    }
    const out = new Float32Array(N * this.outputs.length);
    const chunk = this.#box.batch ?? CHUNK;
    for (let n = 0; n < N; n += chunk) {
      const count = Math.min(chunk, N - n);
      const part = windows.subarray(n * T * F, (n + count) * T * F);
      out.set(await this.#call(part, count, T), n * this.outputs.length);
    }
    return out;
  }

  /** Frees the runtime's memory. */
  async close(): Promise<void> {
    await this.#session.release();
  }

  /** One call. A batch of a fixed length is filled up with zeros. */
  async #call(windows: Float32Array, count: number, T: number): Promise<Float32Array> {
    const { input, output, axes, batch } = this.#box;
    const N = batch ?? count;
    const filled = new Float32Array(N * T * this.inputs);
    filled.set(windows);
    const dims = axes === 2 ? [N, T] : [N, T, this.inputs];
    let answer: Record<string, Tensor>;
    try {
      answer = await this.#session.run({ [input]: new this.#tensor('float32', filled, dims) });
    } catch (cause) {
      throw failed(this.#spec.name, cause, `a model that answers ${N} windows of ${T} ticks`);
    }
    return this.#rows(answer[output]!, N).slice(0, count * this.outputs.length);
  }

  /** (N, O) out of (N, O), (N) or, its last tick, (N, T, O). */
  #rows({ data, dims }: Tensor, N: number): Float32Array {
    const O = this.outputs.length;
    const ticks = dims.length === 3 ? dims[1]! : 1;
    const fits = dims.length <= 3 && data instanceof Float32Array && data.length === N * ticks * O && ticks > 0;
    if (!fits) {
      const path = `${this.#spec.name} output ${this.#box.output}`;
      throw new ModelError(invalid(path, `shape [${dims.join(', ')}]`, `${O} values for each of ${N} windows`));
    }
    if (ticks === 1) return data;
    const out = new Float32Array(N * O);
    for (let n = 0; n < N; n++) out.set(data.subarray(((n + 1) * ticks - 1) * O, (n + 1) * ticks * O), n * O);
    return out;
  }
}

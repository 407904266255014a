import { invalid, ModelError } from '../../../errors.ts';

/** Deeper than any configuration goes; what is read recursively must end. */
const MOST_DEPTH = 100;

/** What Python and NumPy values are wrapped in, and where the value stands in the wrapper. */
const WRAPPERS: Readonly<Record<string, (wrapper: Record<string, unknown>) => unknown>> = {
  TensorShape: ({ items }) => items,
  __tuple__: ({ items }) => items,
  __numpy__: ({ config }) => (config as Record<string, unknown> | null)?.value,
  __tensor__: ({ config }) => (config as Record<string, unknown> | null)?.value,
};

/**
 * The configuration of a model in one spelling: fields in snake case (`toJSON` of TensorFlow.js may write `returnSequences`),
 * shapes and arrays as plain lists.
 * @param text JSON, or what JSON.parse made of it
 * @param path the file, for messages
 * @throws ModelError where it is no JSON, or nested too deep
 */
export function plain(text: unknown, path: string): unknown {
  const json = typeof text === 'string' ? parse(text, path) : text;
  const camel = typeof json === 'object' && json !== null && ('className' in json || 'modelConfig' in json);
  return copy(json, camel, MOST_DEPTH, path);
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelError(invalid(path, text, 'JSON'), { cause });
  }
}

function copy(value: unknown, camel: boolean, depth: number, path: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) throw new ModelError(invalid(path, `${MOST_DEPTH} levels`, 'JSON that is less deep'));
  const down = (item: unknown) => copy(item, camel, depth - 1, path);
  if (Array.isArray(value)) return value.map(down);
  const object = value as Record<string, unknown>;
  const wrapper = object.class_name;
  if (typeof wrapper === 'string' && Object.hasOwn(WRAPPERS, wrapper)) return down(WRAPPERS[wrapper]!(object));
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [camel ? snakeCase(key) : key, down(item)]));
}

/** As Keras makes it of a class, and TensorFlow.js of a field: `SimpleRNN` is simple_rnn, `returnSequences` return_sequences. */
export function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * A layer's group in a `.keras` archive: `lstm`, then `lstm_1`.
 * @param used how often each name has been used in the model
 */
export function groupOf(kind: string, used: Map<string, number>): string {
  const base = snakeCase(kind);
  const count = used.get(base) ?? 0;
  used.set(base, count + 1);
  return count ? `${base}_${count}` : base;
}

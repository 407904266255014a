import { invalid, ModelError } from '../../../errors.ts';
import { Fields } from '../fields.ts';
import { type Call, plainCall, type Ref, readCall, triple } from './calls.ts';
import { withoutMasks } from './masks.ts';
import { groupOf, snakeCase } from './plain.ts';

/** More than any recurrent model has. */
const MOST_LAYERS = 1000;
/** Classes of models; one can be a layer of another. */
const MODELS = ['Sequential', 'Functional', 'Model'];

/** One layer of a Keras model. */
export interface KerasLayer {
  /** Keras' class, such as `LSTM`. */
  kind: string;
  name: string;
  config: Fields;
  /** The same as it is: what a model within is made of. */
  body: unknown;
  /** Its group in a `.keras` archive: the class in snake case, repetitions counted within the model: `lstm_1`. */
  group: string;
  call: Call;
}

/** A model, or a model that is a layer of another. */
export interface KerasModel {
  name: string;
  /** Its layers without that of the input, in the file's order. */
  layers: KerasLayer[];
  /** What stands for the input in the layers' calls. */
  input: string;
  output: Ref;
}

export function isModel(kind: string): boolean {
  return MODELS.includes(kind);
}

/**
 * Reads a Sequential or Functional model with one input and one output.
 * @param kind Keras' class
 * @param value its `config`
 * @param path the file, or file and layer for a model within a model
 * @throws ModelError naming the layers that make it something else
 */
export function readConfig(kind: string, value: unknown, path: string): KerasModel {
  // early versions of Keras 2 wrote the layers alone
  const config = new Fields(Array.isArray(value) ? { layers: value } : value, `${path} config`);
  const entries = config.list('layers', (item, at) => new Fields(item, at));
  if (entries.length > MOST_LAYERS) throw config.wrong('layers', `at most ${MOST_LAYERS} layers`);
  const name = config.missing('name') ? 'model' : config.text('name');
  if (kind === 'Sequential') return { name, ...sequential(entries, path) };
  return withoutMasks({ name, ...functional(entries, config, path) }, path);
}

type Wired = Omit<KerasModel, 'name'>;

function sequential(entries: Fields[], path: string): Wired {
  const input = ''; // no layer is called that
  let below: Ref = { layer: input, node: 0, output: 0 };
  const layers = read(entries, path)
    .filter(({ kind }) => kind !== 'InputLayer')
    .map((layer) => {
      const call = plainCall([below], `${path} ${layer.name}`);
      below = { layer: layer.name, node: isModel(layer.kind) ? 1 : 0, output: 0 };
      return { ...layer, call };
    });
  return { layers, input, output: below };
}

function functional(entries: Fields[], config: Fields, path: string): Wired {
  const all = read(entries, path);
  const names = new Set(all.map(({ name }) => name));
  const input = end(config, 'input_layers', 'input').layer;
  if (!all.some(({ name, kind }) => name === input && kind === 'InputLayer')) {
    throw new ModelError(invalid(`${path} input`, input, 'an InputLayer'));
  }
  const layers = all
    .filter(({ name }) => name !== input)
    .map((layer) => {
      const called = `${path} ${layer.name}`;
      return { ...layer, call: readCall(layer.entry.raw('inbound_nodes'), (name) => names.has(name), called) };
    });
  return { layers, input, output: end(config, 'output_layers', 'output') };
}

/** The one end of a model: `["name", 0, 0]`, in a list, in lists, or under a name. */
function end(config: Fields, key: string, what: string): Ref {
  const ends: Ref[] = [];
  const collect = (value: unknown): void => {
    const ref = triple(value);
    if (ref) ends.push(ref);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(config.raw(key));
  if (ends.length === 1) return ends[0]!;
  if (ends.length === 0) throw config.wrong(key, `the layer that is the ${what}`);
  const found = ends.map(({ layer }) => layer).join(', ');
  throw new ModelError(invalid(config.at(key), found, `one ${what}: models with several are not read`));
}

type Entry = Omit<KerasLayer, 'call'> & { entry: Fields };

function read(entries: Fields[], path: string): Entry[] {
  const used = new Map<string, number>();
  const seen = new Set<string>();
  return entries.map((entry) => {
    const kind = entry.text('class_name');
    const named = isModel(kind) && Array.isArray(entry.raw('config')) ? null : entry.object('config');
    const name = entry.missing('name') ? (named?.text('name') ?? snakeCase(kind)) : entry.text('name');
    if (name === '' || seen.has(name)) throw new ModelError(invalid(`${path} layers`, name, 'a name for each layer'));
    seen.add(name);
    const group = groupOf(kind === 'Model' ? 'Functional' : kind, used);
    const body = entry.raw('config');
    const config = new Fields(named ? body : {}, `${path} ${name}`);
    return { kind, name, config, body, group, entry };
  });
}

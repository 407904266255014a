/** Tables of docs/models.md: formats, layers and expressions. */
import { transforms } from '../../dist/features/index.js';
import { formats } from '../../dist/model/formats/index.js';
import { kerasClasses } from '../../dist/model/formats/keras.js';
import { onnxOperators } from '../../dist/model/formats/onnx/operators/index.js';
import { torchModules } from '../../dist/model/formats/torch/architecture.js';
import { layerKinds } from '../../dist/model/layers/index.js';
import { TICKS } from '../../dist/model/shape.js';
import { code, head, row } from './markdown.mjs';

/** What a kind is asked about: on a stream its input is a sequence, and a Reshape keeps the ticks. */
const sample = { shape: [TICKS, 4] };

const of = (list, kind) => code(list.filter(({ kinds }) => kinds.includes(kind)).map(({ name }) => name));

export function modelTables() {
  const readable = formats.map(({ name, summary }) => row(`\`${name}\``, summary));
  const layers = layerKinds.map(({ kind, summary, needsWindow }) => {
    const why = needsWindow(sample, [
      [TICKS, 4],
      [TICKS, 4],
    ]);
    const mode = why === null ? 'stream, window' : `window: ${why}`;
    return row(`\`${kind}\``, summary, mode, of(kerasClasses, kind), of(torchModules, kind), of(onnxOperators, kind));
  });
  const inert = kerasClasses.filter(({ kinds }) => kinds.length === 0).map(({ name }) => name);
  const functions = transforms.map(({ name, constants = [], summary }) =>
    row(`\`${name}(${['x', ...constants].join(', ')})\``, summary),
  );
  const moving = onnxOperators.filter(({ kinds }) => kinds.length === 0).map(({ name }) => name);
  return [
    '## Formats',
    '',
    'Recognised by what is in the file, never by its name.',
    '',
    ...head('format', 'what'),
    ...readable,
    '',
    '## Layers',
    '',
    'Every kind is read and written in the native format. A recurrent layer that runs backwards, and any layer above one that needs the window, is windowed too. Keras stands for `.keras`, `.h5` and TensorFlow.js alike; PyTorch for what an architecture file may list; ONNX for the operators that can become such a layer.',
    '',
    ...head('kind', 'what', 'runs on', 'Keras', 'PyTorch', 'ONNX'),
    ...layers,
    '',
    `Understood, without a layer of their own: in Keras ${code(inert)}; in ONNX ${code(moving)}. Whatever is not listed is refused by its name (Keras, PyTorch), or makes the model a black box (ONNX).`,
    '',
    '## Expressions',
    '',
    "What feeds a model, and what it says, are columns or expressions of them, evaluated tick by tick: `close`, `log(high / low)`, `` `wind speed` `` with backticks where a name is no identifier. `+ - * /` and parentheses as usual. A comparison, `>` `<` `>=` `<=`, binds weakest, stands alone or in parentheses, and is 1 where it holds and 0 where not: `diff(close) > 0`. `dayOfYear` and `timeOfDay` are angles of the tick's time. An expression has no value where a part of it has none.",
    '',
    ...head('function', 'what'),
    ...functions,
  ].join('\n');
}

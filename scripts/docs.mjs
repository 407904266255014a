/**
 * Writes the tables of docs/models.md from the registries of formats and layers, so that they cannot drift from the code.
 * `--check` only says whether they are up to date. Needs `npm run build:lib` first.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { formats } from '../dist/model/formats/index.js';
import { kerasClasses } from '../dist/model/formats/keras.js';
import { onnxOperators } from '../dist/model/formats/onnx/operators/index.js';
import { torchModules } from '../dist/model/formats/torch/architecture.js';
import { layerKinds } from '../dist/model/layers/index.js';
import { TICKS } from '../dist/model/shape.js';

const page = new URL('../docs/models.md', import.meta.url);
const [BEGIN, END] = ['<!-- tables: npm run docs -->', '<!-- /tables -->'];

/** What a kind is asked about: on a stream its input is a sequence, and a Reshape keeps the ticks. */
const sample = { shape: [TICKS, 4] };

const row = (...cells) => `| ${cells.join(' | ')} |`;
const code = (names) => names.map((name) => `\`${name}\``).join(', ');
const of = (list, kind) => code(list.filter(({ kinds }) => kinds.includes(kind)).map(({ name }) => name));

function tables() {
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
  const moving = onnxOperators.filter(({ kinds }) => kinds.length === 0).map(({ name }) => name);
  return [
    '## Formats',
    '',
    'Recognised by what is in the file, never by its name.',
    '',
    row('format', 'what'),
    row('---', '---'),
    ...readable,
    '',
    '## Layers',
    '',
    'Every kind is read and written in the native format. A recurrent layer that runs backwards, and any layer above one that needs the window, is windowed too. Keras stands for `.keras`, `.h5` and TensorFlow.js alike; PyTorch for what an architecture file may list; ONNX for the operators that can become such a layer.',
    '',
    row('kind', 'what', 'runs on', 'Keras', 'PyTorch', 'ONNX'),
    row('---', '---', '---', '---', '---', '---'),
    ...layers,
    '',
    `Understood, without a layer of their own: in Keras ${code(inert)}; in ONNX ${code(moving)}. Whatever is not listed is refused by its name (Keras, PyTorch), or makes the model a black box (ONNX).`,
  ].join('\n');
}

const text = readFileSync(page, 'utf8');
const [before, rest] = text.split(BEGIN);
const after = rest.split(END)[1];
const written = `${before}${BEGIN}\n${tables()}\n${END}${after}`;
if (process.argv.includes('--check')) {
  if (written !== text) {
    process.stderr.write('docs/models.md is not what the code says: npm run docs\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, written);
}

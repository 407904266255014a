/** How long a model of 10 million parameters takes to read, and how much memory, each in a process of its own. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { writeSafetensors } from '../dist/model/formats/safetensors.js';
import { ms, row, stackedModel } from './measure.mjs';
import { lstmOnnx } from './onnx.mjs';

const [F, H] = [64, 1536];
const SECONDS = 2;
const TIMES = 6;

export async function benchLoading() {
  const folder = mkdtempSync(join(tmpdir(), 'whytick-bench-'));
  const spec = stackedModel(F, [H]);
  const files = {
    'model.keras': await kerasFile(spec, folder),
    'model.safetensors': torchFile(spec),
    'model.onnx': lstmOnnx(spec),
  };
  let met = true;
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const { size } = statSync(path);
    const child = [fileURLToPath(import.meta.url), 'read', path];
    const { took, copied, growth } = JSON.parse(execFileSync(process.execPath, child, { encoding: 'utf8' }));
    const times = growth / size;
    met =
      row(
        `reading ${name}, ${(size / 1e6).toFixed(0)} MB, LSTM(${H})`,
        ms(took),
        `copying its bytes ${ms(copied)}`,
        `memory grows by ${times.toFixed(1)} times the file`,
        `${SECONDS} s, ${TIMES} times`,
        took < 1000 * SECONDS && times <= TIMES,
      ) && met;
  }
  rmSync(folder, { recursive: true });
  return met;
}

/** A Keras 3 archive, its HDF5 written by libhdf5. */
async function kerasFile(spec, folder) {
  const h5 = await import('h5wasm/node');
  await h5.ready;
  const path = join(folder, 'weights.h5');
  const file = new h5.File(path, 'w');
  const [lstm, dense] = spec.layers;
  const put = (name, data, shape) => {
    const parts = name.split('/');
    let group = file;
    for (const part of parts.slice(0, -1)) group = group.get(part) ?? group.create_group(part);
    group.create_dataset({ name: parts.at(-1), data, shape, dtype: '<f' });
  };
  put('layers/lstm/cell/vars/0', lstm.kernel, [F, 4 * H]);
  put('layers/lstm/cell/vars/1', lstm.recurrent, [H, 4 * H]);
  put('layers/lstm/cell/vars/2', lstm.bias, [4 * H]);
  put('layers/dense/vars/0', dense.kernel, [H, 1]);
  put('layers/dense/vars/1', dense.bias, [1]);
  file.close();
  const layers = [
    { class_name: 'InputLayer', config: { name: 'x', batch_shape: [null, null, F] } },
    {
      class_name: 'LSTM',
      config: { name: 'lstm', units: H, activation: 'tanh', recurrent_activation: 'sigmoid', return_sequences: false },
    },
    { class_name: 'Dense', config: { name: 'dense', units: 1, activation: 'linear' } },
  ];
  const config = { class_name: 'Sequential', config: { name: 'large', layers } };
  const weights = new Uint8Array(readFileSync(path));
  const text = (value) => new TextEncoder().encode(JSON.stringify(value));
  return zipSync(
    { 'metadata.json': text({ keras_version: '3.15.1' }), 'config.json': text(config), 'model.weights.h5': weights },
    { level: 0 },
  );
}

/** A PyTorch state dict: (4H, I) where the library has (I, 4H). */
function torchFile({ layers: [lstm, dense] }) {
  const turned = (values, rows, columns) => {
    const out = new Float32Array(values.length);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
    return out;
  };
  return writeSafetensors([
    ['rnn.weight_ih_l0', { shape: [4 * H, F], data: turned(lstm.kernel, F, 4 * H) }],
    ['rnn.weight_hh_l0', { shape: [4 * H, H], data: turned(lstm.recurrent, H, 4 * H) }],
    ['rnn.bias_ih_l0', { shape: [4 * H], data: lstm.bias }],
    ['rnn.bias_hh_l0', { shape: [4 * H], data: new Float32Array(4 * H) }],
    ['fc.weight', { shape: [1, H], data: dense.kernel }],
    ['fc.bias', { shape: [1], data: dense.bias }],
  ]);
}

/** In the child: the whole way from the path to a model that runs. */
async function read(path) {
  const { openModel } = await import('../dist/node/prepare.js');
  const { readKernels } = await import('../dist/node/assets.js');
  const { Model } = await import('../dist/model/graph.js');
  const { kernels } = await readKernels();
  const before = process.memoryUsage().rss;
  const from = performance.now();
  const spec = await openModel(path);
  const model = new Model(kernels, spec);
  const took = performance.now() - from;
  const growth = highest() - before;
  if (!Number.isFinite(model.stepOne(new Float32Array(F))[0])) throw new Error('the model does not run');
  const bytes = readFileSync(path);
  const copying = performance.now();
  const copy = new Uint8Array(bytes);
  const copied = performance.now() - copying;
  if (copy.length !== bytes.length) throw new Error('not copied');
  process.stdout.write(JSON.stringify({ took, copied, growth }));
}

/** The most memory that this process ever had, in bytes. `maxRSS` would count what the parent had when it started it. */
function highest() {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return kilobytes ? 1024 * Number(kilobytes) : process.resourceUsage().maxRSS * 1024;
}

if (process.argv[2] === 'read') await read(process.argv[3]);

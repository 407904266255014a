/** Explanations held against a known truth, beside what others published: `node benchmark/run.mjs [arma] [hmm] [spike]`. Exit code 1 where a bar is missed. */
import { findMethod } from '../dist/methods/index.js';
import { Model } from '../dist/model/graph.js';
import { readKernels } from '../dist/node/assets.js';
import { initialise, Trainer } from '../dist/training/index.js';
import { separation, whiteBox } from '../dist/trust/index.js';
import { runArma } from './arma.mjs';
import { runHmm } from './hmm.mjs';
import { runSpike } from './spike.mjs';

const benchmarks = { arma: runArma, hmm: runHmm, spike: runSpike };

const { kernels } = await readKernels();
const print = (line) => process.stdout.write(`${line}\n`);
const only = process.argv.slice(2);
const unknown = only.find((name) => !Object.hasOwn(benchmarks, name));
if (unknown !== undefined)
  throw new Error(`invalid benchmark: '${unknown}' (expected ${Object.keys(benchmarks).join(' or ')})`);
for (const [name, run] of Object.entries(benchmarks)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const met = await run({ kernels, findMethod, whiteBox, separation, Trainer, initialise, Model }, print);
  print(met ? '\nevery bar is met\n' : '\nsome bars are missed\n');
  if (!met) process.exitCode = 1;
}

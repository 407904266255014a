/** `npm run bench`: every figure as a ratio against its yardstick of the same run. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { benchExplain } from './explain.mjs';
import { benchFeeds } from './feeds.mjs';
import { benchGames } from './games.mjs';
import { benchGradients } from './gradients.mjs';
import { benchKernels } from './kernels.mjs';
import { benchLoading } from './loading.mjs';
import { row } from './measure.mjs';
import { benchMethods } from './methods.mjs';
import { benchOnDemand, benchPipeline } from './pipeline.mjs';
import { benchRecording } from './recording.mjs';
import { benchShapley } from './shapley.mjs';
import { benchStartup } from './startup.mjs';
import { benchSurvey } from './survey.mjs';
import { benchTraining } from './training.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
execFileSync(
  'npx',
  [
    'asc',
    'bench/assembly/peak.ts',
    '-o',
    'dist/bench/peak.wasm',
    '-O3',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    '--use',
    'abort=',
  ],
  { cwd: root, stdio: 'inherit' },
);

const only = process.argv.slice(2);
const benches = {
  kernels: benchKernels,
  explain: benchExplain,
  games: benchGames,
  shapley: benchShapley,
  gradients: benchGradients,
  methods: benchMethods,
  training: benchTraining,
  survey: benchSurvey,
  loading: benchLoading,
  feeds: benchFeeds,
  pipeline: benchPipeline,
  'on-demand': benchOnDemand,
  recording: benchRecording,
  startup: benchStartup,
};
process.stdout.write(`${cpus()[0].model}, Node ${process.version}, medians\n\n`);
row('what', 'whytick', 'yardstick', 'result', 'bar');
let met = true;
for (const [name, bench] of Object.entries(benches)) {
  if (only.length === 0 || only.includes(name)) met = (await bench()) && met;
}
process.stdout.write(
  met ? '\nevery bar is met\n' : '\nsome bars are not met; docs/decisions.md says why where it is known\n',
);

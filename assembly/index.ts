// The kernels, one line a file.
export { activate } from './activation';
export { difference, fork, settle, spread } from './branches';
export { attend } from './layers/attention';
export { convStep } from './layers/conv1d';
export { denseStep } from './layers/dense';
export { embed } from './layers/embedding';
export { gruGates, gruStep, gruStepBefore } from './layers/gru';
export { lstmStep } from './layers/lstm';
export { lstmGates, lstmStepAny } from './layers/lstmAny';
export { layerNorm, normalize, rescale } from './layers/norm';
export { pool } from './layers/pool';
export { rnnStep } from './layers/rnn';
export { inputShare } from './layers/share';
export { clearMask, eitherMask, maskEqual, part, zeroMasked } from './masks';
export { cos, exp, expm1, log, log1p, pow, sigmoid1, sin, tanh, tanh1 } from './math';
export { alloc } from './memory';
export { combine, combineSeen, copyRows, divide, relayout } from './rows';

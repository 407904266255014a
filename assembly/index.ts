// The kernels, one line a file.
export { difference, fork, settle, spread } from './branches';
export { activate, denseStep } from './layers/dense';
export { lstmGates, lstmInput, lstmStep } from './layers/lstm';
export { normalize, rescale } from './layers/norm';
export { cos, exp, expm1, log, log1p, pow, sigmoid1, sin, tanh, tanh1 } from './math';
export { alloc } from './memory';

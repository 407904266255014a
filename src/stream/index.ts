export { alert } from './alert.ts';
export { detectDrift } from './detectDrift.ts';
export { explain } from './explain.ts';
export { mapTicks } from './mapTicks.ts';
export { type Prediction, predict } from './predict.ts';
export { record } from './record.ts';

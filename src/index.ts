/**
 * whytick: explains, tick by tick, why a model says what it says about a live stream.
 * Everything here runs in Node, in a page and in a worker; what needs the machine is in `whytick/node`.
 */

// feeds, drift, alerts, and the engine that ties them
export * from './alerts/index.ts';
// intervals that hold
export { Conformal, type ConformalOptions } from './conformal.ts';
export * from './drift/index.ts';
export { Engine, type EngineConfig, type EngineOptions, type Explained, parseEngineConfig } from './engine.ts';
// nouns and errors
export { ConfigError, DataError, FeedError, ModelError } from './errors.ts';
export type { AdaptationOptions } from './explainer/adaptation.ts';
export type { IntervalOptions } from './explainer/interval.ts';
export type { Recent, RecentOptions } from './explainer/past.ts';
export type { ShapleyOptions } from './explainer/shapley.ts';
// explanations
export { Explainer, type ExplainerOptions } from './explainer.ts';
export { compileColumns } from './features/index.ts';
export * from './feeds/index.ts';
// kernels and models
export { type Kernels, loadKernels } from './kernels.ts';
export { type BaselineOption, createBaseline } from './methods/baseline.ts';
export {
  type Answer,
  type ExplainedOutput,
  explanationJson,
  findMethod,
  type Method,
  methods,
  type Options,
  type PlayerValue,
  type Question,
  type Run,
} from './methods/index.ts';
export { LagBand, type LagBandOptions, lagBandSize } from './methods/lagBand.ts';
export { LiveDelta } from './methods/liveDelta.ts';
export { bankSize, RollingOcclusion, type RollingOcclusionOptions } from './methods/rollingOcclusion.ts';
export {
  RollingShapley,
  type RollingShapleyOptions,
  type ShapleyPlan,
  shapleyPlan,
} from './methods/rollingShapley.ts';
export { BlackBox, openBlackBox } from './model/blackBox.ts';
export { type ModelFile, readModel, writeNative } from './model/formats/index.ts';
export { Model, type ModelOptions, type Snapshot } from './model/graph.ts';
export { whyNoTraining, withWeights } from './model/parameters.ts';
export type { BlackBoxSpec, LayerSpec, ModelSpec, Source } from './model/spec.ts';
export { Tape, type TapeOptions, whyNoGradient } from './model/tape.ts';
export { whyWindowed } from './model/wiring.ts';
export { type AttributeOptions, attribute } from './offline/attribute.ts';

// recordings
export * from './recording/index.ts';

// RxJS operators over the same parts
export * from './stream/index.ts';
// fresh models, and weights that are learnt
export * from './training/index.ts';
// how far an explanation can be trusted
export * from './trust/index.ts';
export type * from './types.ts';
export { decodeFrame, encodeFrame } from './wire.ts';
export { type Sentence, sentence } from './words.ts';

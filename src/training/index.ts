/** Training: fresh models, and weights that fall down a loss. */
export { type Answer, type Crew, Hand, type Hire, type Task, type Work } from './crew.ts';
export { type Dataset, type DatasetOptions, makeDataset } from './dataset.ts';
export type { Stretch, TrainingData, Windows } from './feed.ts';
export { type FitOptions, fitModel } from './fitModel.ts';
export { initialise, type NewModel } from './initialise.ts';
export type { Piece } from './lanes.ts';
export { LOSSES, type LossOptions } from './loss.ts';
export type { OptimizerOptions, OptimizerState } from './optimizer.ts';
export { type PageFacts, reportPage } from './page.ts';
export type { ClassScores, QuantileScore, Report, Scores } from './report.ts';
export type { Schedule } from './schedule.ts';
export type { Season } from './season.ts';
export { type Epoch, readState, type TrainerState, writeState } from './state.ts';
export { type Progress, type Trained, Trainer, type TrainerOptions } from './trainer.ts';

/** Training: fresh models, and weights that fall down a loss. */

export { Conformal, type ConformalOptions, type ConformalState } from './conformal.ts';
export { type Answer, type Crew, Hand, type Hire, type Task, type Work } from './crew.ts';
export { type Dataset, type DatasetOptions, makeDataset } from './dataset.ts';
export type { Stretch, TrainingData, Windows } from './feed.ts';
export { type FitOptions, fitModel, type Report } from './fitModel.ts';
export { initialise, type NewModel } from './initialise.ts';
export { LOSSES, type LossOptions } from './loss.ts';
export type { OptimizerOptions, OptimizerState } from './optimizer.ts';
export { type PageFacts, reportPage } from './page.ts';
export type { Schedule } from './schedule.ts';
export { type Epoch, readState, type TrainerState, writeState } from './state.ts';
export { type Progress, type Trained, Trainer, type TrainerOptions } from './trainer.ts';

export { evaluate, evaluateScores, type Evaluation } from "./benchmark/evaluate.ts"
export {
  interventions,
  makeIntervention,
  type FittedIntervention,
  type Intervention,
  type Scores,
} from "./benchmark/intervention.ts"
export { transfer, type TransferResult } from "./benchmark/transfer.ts"
export { openWorkbench, type Workbench, type WorkbenchOptions } from "./benchmark/workbench.ts"
export * from "./data/index.ts"
export { LitmusError, ShapeError } from "./errors.ts"
export * from "./metrics/index.ts"
export { supportedArchitectures } from "./model/config.ts"
export type { Architecture } from "./model/architecture.ts"
export { createForward, plainRow, type Forward, type Reads, type Row } from "./model/forward.ts"
export { openModel, type Model } from "./model/model.ts"
export { allSites, expandSites, type SiteInfo } from "./model/sites.ts"
export type { Progress, ProgressTask } from "./progress.ts"

export { compareInterventions, type AgreementMatrix } from "./benchmark/agreement.ts"
export { evaluate, evaluateScores, type Evaluation } from "./benchmark/evaluate.ts"
export { fit, type Fitted } from "./benchmark/fit.ts"
export { compareDirections } from "./benchmark/compare-directions.ts"
export {
  interventions,
  makeIntervention,
  type InterventionOptions,
  type OptionsOf,
} from "./benchmark/interventions/registry.ts"
export { runBench, type BenchReport } from "./benchmark/run/bench.ts"
export type { BenchSpec } from "./benchmark/run/plan.ts"
export { tune } from "./tuning/tune.ts"
export type {
  FittedIntervention,
  Intervention,
  InterventionKind,
  Scores,
} from "./benchmark/interventions/contract.ts"
export { importResults, type ImportReport } from "./benchmark/store/import-results.ts"
export { publishedModels, publishedRows } from "./benchmark/store/published.ts"
export { type StoredEvaluation } from "./benchmark/store/evaluation.ts"
export { openResults, type ResultStore } from "./benchmark/store/results.ts"
export { compareInSuite, type SuiteComparison } from "./benchmark/tables/suite-comparison.ts"
export { type SuiteResults } from "./benchmark/tables/suite-results.ts"
export { groupResults } from "./benchmark/tables/group-results.ts"
export { readSuiteResults } from "./benchmark/tables/read-suite-results.ts"
export type { SuiteRow } from "./benchmark/store/suite-rows.ts"
export { summarizeSuite, type SuiteSummary, type SuiteTable } from "./benchmark/tables/suite-summary.ts"
export { sweep, type SweepPoint } from "./benchmark/sweep.ts"
export { transfer, type TransferResult } from "./benchmark/transfer.ts"
export { openWorkbench, type Workbench, type WorkbenchOptions } from "./benchmark/workbench/workbench.ts"
export * from "./data/index.ts"
export { collectReport, type Report, type ReportOptions } from "./report/collect.ts"
export { renderPng, renderSvg, type PlotRequest } from "./report/render-figure.ts"
export { serveSite } from "./report/serve.ts"
export { writeSite } from "./report/write-site.ts"
export { LitmusError, ShapeError, UnusableDataError } from "./base/errors.ts"
export * from "./metrics/index.ts"
export { supportedArchitectures } from "./model/architectures/config.ts"
export type { Architecture } from "./model/architectures/architecture.ts"
export { createForward, type Forward, type Reads } from "./model/decoder/forward.ts"
export { plainRow, type Row } from "./rows/row.ts"
export { embeddedData, embeddedModel } from "./microworld/embedded.ts"
export { openModel, type Model } from "./model/model.ts"
export { allSites, expandSites, type SiteInfo } from "./model/decoder/sites.ts"
export type { Progress, ProgressTask } from "./base/progress.ts"

export { checkData } from "./check.ts"
export type {
  CheckOptions,
  DataReport,
  DistributionReport,
  ShiftReport,
  SplitReport,
  TokenCounter,
  TokenReport,
} from "./check.ts"
export { contaminationOf, dropSeen, seenInTraining } from "./contamination.ts"
export { labelLimits } from "./contradictions.ts"
export type { LabelLimits } from "./contradictions.ts"
export { listDistributions, readMetadata, splits } from "./data-folder.ts"
export type { Metadata, Split } from "./data-folder.ts"
export { withDemonstrations } from "./demonstrations.ts"
export type { DemonstrationOptions } from "./demonstrations.ts"
export { keepExamples, readDistribution, selectExamples, tasks } from "./distribution.ts"
export type { Distribution, Example, Response, Task } from "./distribution.ts"
export { findings } from "./findings.ts"
export { importPairs } from "./import/pairs.ts"
export type { ImportedPairs } from "./import/pairs.ts"
export { mixDistributions, mixtureName } from "./mixture.ts"
export type { MixtureParts } from "./mixture.ts"
export { pairSetOf, type PairSet } from "./pair-set.ts"
export { allPairs, chooseLonger, clusterByPrompt, onePairPerExample, splitByPrompt } from "./pairs.ts"
export type { Pair } from "./pairs.ts"
export { geniesPlaces, pullFiles } from "./pull.ts"
export type { PullOptions, PullReport } from "./pull.ts"
export { releaseFiles } from "./release/files.ts"
export type { ReleaseFile } from "./release/files.ts"
export { readShifts } from "./shifts.ts"
export type { Shift } from "./shifts.ts"
export { defineStimulus, stimulus, stimulusNames } from "./stimulus.ts"
export type { RenderedText, Stimulus, StimulusVariant } from "./stimulus.ts"
export {
  describeView,
  viewsDiffer,
  readSuite,
  shiftKey,
  shiftsInView,
  suite,
  suiteName,
  suiteNames,
  turnsLabels,
  views,
} from "./suites.ts"
export type { View } from "./suites.ts"
export { truthfulnessQuestion, truthfulnessTask, yesIsRight } from "./truthfulness.ts"
export { writeDistribution } from "./write-distribution.ts"
export type { Origin } from "./write-distribution.ts"

export { accuracyInterval, shareInterval } from "./accuracy-interval.ts"
export type { AccuracyInterval } from "./accuracy-interval.ts"
export { pairAccuracy, pairOutcomes, promptAccuracy, promptOutcomes } from "./accuracy.ts"
export type { PromptOutcomes } from "./accuracy.ts"
export { agreement, cohenKappa, pairAgreements } from "./agreement.ts"
export { auroc, aurocWithout } from "./auroc.ts"
export { brierScore, rmsCalibrationError, rmsCalibrationErrorGenies2023 } from "./calibration.ts"
export { calibrationInterval } from "./calibration-interval.ts"
export {
  averageOverShifts,
  compareOverShifts,
  conditionalElicitation,
  differentialElicitation,
  elicitation,
  fewestSources,
  intervalOverPrompts,
} from "./elicitation.ts"
export type { ShiftAverage, ShiftComparison } from "./elicitation.ts"
export {
  addVariances,
  clusteredMean,
  detectableDifference,
  numberClusters,
  studentInterval,
} from "./clusters.ts"
export type { ClusteredMean, ClusterKey, Ends, Estimate } from "./clusters.ts"
export { holmAdjusted } from "./holm.ts"
export { bootstrapDifference, bootstrapMean, bootstrapStatistic, percentileInterval } from "./intervals.ts"
export type { Interval, IntervalOptions } from "./intervals.ts"
export { intervalWithout, jackknifeInterval, jackknifeOfSums } from "./jackknife.ts"
export { leaveOneOutRange } from "./leave-one-out.ts"
export type { LeaveOneOutRange } from "./leave-one-out.ts"
export { resampleMeans } from "./resample.ts"
export type { ResampleOptions, Resamples } from "./resample.ts"
export { studentQuantile } from "./student.ts"
export { signFlipTest } from "./sign-flip.ts"
export type { SignFlipTest } from "./sign-flip.ts"
export { describeDifference, verdictOf } from "./words.ts"
export type { Verdict } from "./words.ts"

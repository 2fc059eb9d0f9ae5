export { pairAccuracy, pairOutcomes, promptAccuracy, promptOutcomes } from "./accuracy.ts"
export type { PromptOutcomes } from "./accuracy.ts"
export { agreement, cohenKappa, pairAgreements } from "./agreement.ts"
export { auroc } from "./auroc.ts"
export { brierScore, rmsCalibrationError, rmsCalibrationErrorGenies2023 } from "./calibration.ts"
export {
  averageOverShifts,
  compareOverShifts,
  conditionalElicitation,
  differentialElicitation,
  elicitation,
  intervalOverPrompts,
} from "./elicitation.ts"
export type { ShiftAverage, ShiftComparison } from "./elicitation.ts"
export { holmAdjusted } from "./holm.ts"
export { bootstrapDifference, bootstrapMean, bootstrapStatistic, percentileInterval } from "./intervals.ts"
export type { Interval, IntervalOptions } from "./intervals.ts"
export { leaveOneOutRange } from "./leave-one-out.ts"
export type { LeaveOneOutRange } from "./leave-one-out.ts"
export { resampleMeans } from "./resample.ts"
export type { ClusterKey, ResampleOptions, Resamples } from "./resample.ts"
export { signFlipTest } from "./sign-flip.ts"
export type { SignFlipTest } from "./sign-flip.ts"

export { attention, fitAttention, type AttentionOptions } from "./attention.ts"
export { resolveOptions, type OptionSpecs, type OptionValues } from "../src/base/options.ts"
export { calibratedLogits, fitAntisymmetric, fitGenies, type Calibrator } from "./contract/calibrator.ts"
export { ccs, fitCcs, type CcsOptions } from "./ccs.ts"
export { ccsLeaky, fitCcsLeaky } from "./ccs-leaky.ts"
export { clusterNorm, fitClusterNorm, type ClusterNormOptions } from "./cluster-norm.ts"
export { crcTpc, fitCrcTpc } from "./crc-tpc.ts"
export { fitMlp, mlp, type MlpOptions } from "./mlp.ts"
export { chooseTensorBackend, tensorBackendNames } from "./math/tensor-backend-name.ts"
export { fitVinc, vinc } from "./vinc.ts"
export { cosineProbe, meanCosines } from "./contract/cosine-probe.ts"
export { cra, fitCra, type CraOptions } from "./cra.ts"
export {
  fitLinear,
  type DirectionFinder,
  type FitHints,
  type FoundDirection,
  type LinearFit,
} from "./fit/fit-linear.ts"
export { fitLatMean, latMean } from "./lat-mean.ts"
export { fitLat, lat, type LatOptions } from "./lat.ts"
export { fitLda, lda, type LdaOptions } from "./lda.ts"
export {
  linearProbe,
  restoreLinearProbe,
  type LinearProbe,
  type WeightedDirection,
} from "./contract/linear-probe.ts"
export {
  fitLogisticRegression,
  logisticRegression,
  type LogisticRegressionOptions,
} from "./logistic-regression.ts"
export { fitMassMeanShift, massMeanShift, type MassMeanShiftOptions } from "./mass-mean-shift.ts"
export { fitMassMean, massMean } from "./mass-mean.ts"
export { fitLogistic, type LogisticModel, type LogisticOptions } from "./math/logistic.ts"
export { topComponent, type Component, type TopComponentOptions } from "./math/pca.ts"
export type { Direction, FittedProbe, PairScores, Probe, ProbeNeeds, ProbeRecord } from "./contract/probe.ts"
export { fitRandomDirection, randomDirection } from "./random-direction.ts"
export { findProbe, probes } from "./registry.ts"
export { fitResponseLength, responseLength } from "./response-length.ts"
export { rankUnits, type RankedUnit, type Unit } from "./fit/selection.ts"
export { fitShuffledLabels, shuffledLabels } from "./shuffled-labels.ts"
export { loadProbe, saveProbe, type ProbeProvenance, type SavedProbe } from "./store.ts"
export { fitTtpd, ttpd, type TtpdOptions } from "./ttpd.ts"
export { combineVariants, onCombinedVariants, type VariantWeights } from "./contract/variants.ts"

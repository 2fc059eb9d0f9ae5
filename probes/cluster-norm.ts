// Cluster normalisation: where a loud feature splits the data into groups, normalising each group by itself takes the
// feature away, and CCS or CRC-TPC find what is left.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import { ccsTrainingOptions } from "./ccs.ts"
import { describeRestarts } from "./math/ccs-restarts.ts"
import { contrastNeeds, contrastOn, fitContrastProbe, restoreContrastProbe } from "./fit/contrast-probe.ts"
import { crcTpcModel } from "./crc-tpc.ts"
import { trainCcs } from "./math/ccs-training.ts"
import { fitNormalisation, normaliseByCluster } from "./math/contrasts.ts"
import { shuffledSigns } from "./fit/shuffled-fits.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import { tensorBackend } from "./math/tensor-backend.ts"

export const clusterNormOptions = {
  on: contrastOn,
  method: {
    kind: "choice",
    values: ["ccs", "crc-tpc"],
    default: "ccs",
    description: "what is fitted on the normalised contrasts",
  },
  clusters: { kind: "count", default: 5, description: "of k-means; those of fewer than five are not used" },
  ...ccsTrainingOptions,
} as const

export type ClusterNormOptions = OptionValues<typeof clusterNormOptions>

export const clusterNorm: Probe<typeof clusterNormOptions, "cluster-norm"> = {
  name: "cluster-norm",
  description: "CCS or CRC-TPC after normalisation within clusters (Laurito et al. 2024)",
  departures: [
    {
      from: "Laurito et al. 2024",
      there: "clusters by HDBSCAN",
      here: "by seeded k-means, as many as `clusters` says",
    },
    {
      from: "Laurito et al. 2024",
      there: "the test set is scored by its own means",
      here: "by the source's",
    },
    {
      from: "Laurito et al. 2024",
      there: "accuracy is that of the better of both signs on the test set",
      here: "the sign is that of the source's labels",
    },
  ],
  options: clusterNormOptions,
  needs: contrastNeeds,
  fit: fitClusterNorm,
  fitShuffled: shuffledSigns(fitClusterNorm),
  restore: restoreContrastProbe,
}

/**
 * CCS or CRC-TPC on contrasts that are normalised within clusters of (x⁺ + x⁻) / 2.
 *
 * The clusters serve to find the direction. What is scored, the source too, is normalised by the means of the whole fit
 * set, as the authors score by the means of a whole set (of theirs, the test set).
 *
 * @param source - activations of `ccs-yes-no` at the last token, with the site that `on` names
 * @param options.clusters - of seeded k-means; the authors use HDBSCAN
 * @returns fitted probe; sign from the source's labels
 * Source: Laurito et al. 2024, arXiv:2407.18712; Cadenza-Labs/cluster-normalization
 */
export async function fitClusterNorm(
  source: ActivationSet,
  { on, method, clusters, accuracyOnly, ...options }: ClusterNormOptions & FitOptions,
): Promise<FittedProbe> {
  const { seed } = options
  return await fitContrastProbe(
    source,
    { probe: "cluster-norm", on, seed, accuracyOnly },
    async (contrasts) => {
      const normalisation = fitNormalisation(contrasts)
      const { contrasts: normalised, sizes } = normaliseByCluster(contrasts, { clusters, seed })
      const found = `clusters of ${sizes.join(", ")}`
      if (method === "crc-tpc") {
        return { ...crcTpcModel(normalised), normalisation, note: found, report: { clusters: sizes } }
      }
      const { tf, name } = await tensorBackend()
      const { parameters, restarts } = await trainCcs(tf, normalised, options)
      return {
        parameters,
        normalisation,
        note: `${found}; ${describeRestarts(restarts)}`,
        report: { clusters: sizes, restarts, backend: name },
      }
    },
  )
}

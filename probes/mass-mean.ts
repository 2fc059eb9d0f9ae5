// Mass-mean probe: the difference of the class means as a direction, scored by projection; and its covariance-corrected
// form, which is in lda.ts. Source: Marks and Tegmark 2023, "The geometry of truth", arXiv:2310.06824, section 5.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import { fitLinear, type DirectionFinder } from "./fit/fit-linear.ts"
import { restoreLinearProbe } from "./contract/linear-probe.ts"
import { pairDifferences } from "./fit/pair-features.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import { kOption, onOption, sitesOf } from "./fit/selection.ts"
import { layersChosen } from "./contract/departures.ts"

const options = { on: onOption("resid", "residual layers, or heads, mlp or final"), k: kOption } as const

export const massMean: Probe<typeof options, "mass-mean"> = {
  name: "mass-mean",
  description: "difference of the class means on the best layers, scored by projection (Marks & Tegmark)",
  departures: [
    layersChosen("Marks & Tegmark 2023"),
    {
      from: "Marks & Tegmark 2023",
      there: "probabilities are σ of the projection",
      here: "the projection is given a slope, fitted out of fold on the source",
    },
  ],
  options,
  needs: ({ on }) => ({ stimulus: "plain", positions: { kind: "last" }, sites: sitesOf(on) }),
  fit: fitMassMean,
  restore: restoreLinearProbe,
}

/**
 * Mass-mean probe: direction = mean(better) − mean(worse), score x·d.
 *
 * Differs from mass-mean shift (`mms`) in what ranks the layers (the probe's own accuracy) and in the score (the
 * projection, which a loud difference between two responses makes larger, where a cosine does not). Fails to separate
 * where the classes differ along directions of large variance within them: that is what `lda` corrects.
 *
 * @param options.on - layers or heads to choose from, as `resid` (default) or `resid.12`
 * @param options.k - how many to keep; defaults to min(16, ⌈available / 4⌉)
 * @param options.seed - of the pairs, the split and the folds
 * @throws {LitmusError} if fewer than two prompts can be scored
 * Source: Marks and Tegmark 2023, arXiv:2310.06824; geometry-of-truth probes.py, MMProbe (iid = False)
 */
export async function fitMassMean(
  source: ActivationSet,
  { on, k, seed, accuracyOnly }: OptionValues<typeof options> & FitOptions,
): Promise<FittedProbe> {
  return await fitLinear(source, { probe: "mass-mean", on, k, seed, accuracyOnly, find: meanDifference })
}

/** mean(better) − mean(worse). */
export const meanDifference: DirectionFinder = (matrix, unit, rows) => {
  const { width } = unit
  const all = pairDifferences("mass-mean", matrix, unit, rows)
  const values = new Float64Array(width)
  for (let at = 0; at < all.length; at += width) for (let j = 0; j < width; j++) values[j]! += all[at + j]!
  return { values: values.map((sum) => sum / rows.length) }
}

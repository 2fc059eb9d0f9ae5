// VINC, variance – invariance – negative covariance: the direction along which statements differ from each other and
// move against their negations. A closed form of what CCS searches for.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import { contrastNeeds, contrastOn, fitContrastProbe, restoreContrastProbe } from "./fit/contrast-probe.ts"
import { fitNormalisation, normalise, type Contrasts } from "./math/contrasts.ts"
import { topEigenpair } from "./math/lanczos.ts"
import { shuffledSigns } from "./fit/shuffled-fits.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"

export const vincOptions = {
  on: contrastOn,
  variance: { kind: "number", min: 0, default: 1, description: "weight of the variance within each class" },
  negativeCovariance: {
    kind: "number",
    min: 0,
    default: 5,
    description: "weight of the covariance between the classes, which is to be negative",
  },
} as const

export const vinc: Probe<typeof vincOptions, "vinc"> = {
  name: "vinc",
  description:
    "top eigenvector of variance − negative covariance of contrasts, without labels (EleutherAI/elk)",
  departures: [
    {
      from: "elk",
      there: "a third term: invariance, the covariance among paraphrases",
      here: "no such term: there is one template",
    },
    {
      from: "elk",
      there: "the sign, a scale and an offset come from labels (Platt scaling)",
      here: "sign and scale, from the source's labels",
    },
  ],
  options: vincOptions,
  needs: contrastNeeds,
  fit: fitVinc,
  fitShuffled: shuffledSigns(fitVinc),
  restore: restoreContrastProbe,
}

/**
 * VINC: the top eigenvector of v (Σ⁺⁺ + Σ⁻⁻) − c (Σ⁺⁻ + Σ⁻⁺).
 *
 * The third of its matrices, the covariance among paraphrases of a statement, is 0 here: there is one template.
 *
 * @param source - activations of `ccs-yes-no` at the last token, with the site that `on` names
 * @param options.variance - v, defaults to 1
 * @param options.negativeCovariance - c, defaults to 5
 * @returns fitted probe; sign from the source's labels
 * Source: EleutherAI/elk, elk/training/eigen_reporter.py (commit 0364f3b), before its removal
 */
export async function fitVinc(
  source: ActivationSet,
  { on, seed, accuracyOnly, ...weights }: OptionValues<typeof vincOptions> & FitOptions,
): Promise<FittedProbe> {
  return await fitContrastProbe(source, { probe: "vinc", on, seed, accuracyOnly }, async (contrasts) => {
    const normalisation = fitNormalisation(contrasts)
    const { vector, value } = vincDirection(normalise(contrasts, normalisation), weights)
    return {
      parameters: [Float32Array.from(vector), new Float32Array(1)],
      normalisation,
      report: { eigenvalue: value },
    }
  })
}

/** The direction of contrasts whose classes have mean 0, and its eigenvalue. */
export function vincDirection(
  { positive, negative, count, width }: Contrasts,
  { variance = 1, negativeCovariance = 5 }: { variance?: number; negativeCovariance?: number } = {},
): { vector: Float64Array; value: number } {
  return topEigenpair((direction) => {
    const result = new Float64Array(width)
    for (let row = 0, at = 0; row < count; row++, at += width) {
      let yes = 0
      let no = 0
      for (let j = 0; j < width; j++) {
        yes += positive[at + j]! * direction[j]!
        no += negative[at + j]! * direction[j]!
      }
      const ofPositive = (variance * yes - negativeCovariance * no) / count
      const ofNegative = (variance * no - negativeCovariance * yes) / count
      for (let j = 0; j < width; j++) {
        result[j]! += ofPositive * positive[at + j]! + ofNegative * negative[at + j]!
      }
    }
    return result
  }, width)
}

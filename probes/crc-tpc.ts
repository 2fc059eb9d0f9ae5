// Contrastive representation clustering by the top principal component: the direction in which the normalised
// differences of contrast pairs vary most.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import {
  contrastNeeds,
  contrastOn,
  fitContrastProbe,
  restoreContrastProbe,
  type ContrastModel,
} from "./fit/contrast-probe.ts"
import { differences, fitNormalisation, normalise, type Contrasts } from "./math/contrasts.ts"
import { topComponent } from "./math/pca.ts"
import { shuffledSigns } from "./fit/shuffled-fits.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"

const options = { on: contrastOn } as const

export const crcTpc: Probe<typeof options, "crc-tpc"> = {
  name: "crc-tpc",
  description: "top principal component of contrast differences, without labels (Burns et al. 2022)",
  departures: [
    {
      from: "Burns et al. 2022",
      there: "accuracy is that of the better of both signs on the test set",
      here: "the sign is that of the source's labels",
    },
    {
      from: "Burns et al. 2022",
      there: "the test set is normalised by its own mean",
      here: "by the source's",
    },
    {
      from: "elk",
      there: "differences are divided by their mean norm",
      here: "not divided: it does not turn the direction",
    },
  ],
  options,
  needs: contrastNeeds,
  fit: fitCrcTpc,
  fitShuffled: shuffledSigns(fitCrcTpc),
  restore: restoreContrastProbe,
}

/**
 * CRC-TPC: direction = first principal component of x̃⁺ − x̃⁻.
 *
 * The release also divides the differences by their average norm, which does not turn the direction. Finds the loudest
 * feature that flips with the answer, true or not.
 *
 * @param source - activations of `ccs-yes-no` at the last token, with the site that `on` names
 * @returns fitted probe; sign from the source's labels
 * Source: Burns et al. 2022, arXiv:2212.03827, appendix; EleutherAI/elk, utils_extraction/method_utils.py, TPC
 */
export async function fitCrcTpc(
  source: ActivationSet,
  { on, seed, accuracyOnly }: OptionValues<typeof options> & FitOptions,
): Promise<FittedProbe> {
  return await fitContrastProbe(source, { probe: "crc-tpc", on, seed, accuracyOnly }, async (contrasts) => {
    const normalisation = fitNormalisation(contrasts)
    return { ...crcTpcModel(normalise(contrasts, normalisation)), normalisation }
  })
}

/** The direction of normalised contrasts, as a linear model without offset. */
export function crcTpcModel(normalised: Contrasts): Pick<ContrastModel, "parameters"> {
  const rows = Float64Array.from(differences(normalised))
  const { direction } = topComponent(rows, normalised.width)
  return { parameters: [Float32Array.from(direction), new Float32Array(1)] }
}

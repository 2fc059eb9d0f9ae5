// What GENIES calls LAT: mass-mean shift on residual layers, plain (its stimulus 1) or between wrapper sentences (its
// stimulus 2). No principal component is taken; LAT as its authors define it is in lat.ts.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import { restoreCosineProbe } from "./contract/cosine-probe.ts"
import { latStimuli } from "./lat.ts"
import { fitShift, massMeanShiftOptions } from "./mass-mean-shift.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import { onOption, sitesOf } from "./fit/selection.ts"
import { ofGeniesShift } from "./contract/departures.ts"

const latMeanOptions = {
  on: onOption("resid", "residual layers 0 … L − 1"),
  k: massMeanShiftOptions.k,
  stimulus: {
    kind: "choice",
    values: ["1", "2"],
    default: "1",
    description: "1: the text as it is, 2: the response between GENIES' wrapper sentences",
  },
  calibrator: massMeanShiftOptions.calibrator,
} as const

export const latMean: Probe<typeof latMeanOptions, "lat-mean"> = {
  name: "lat-mean",
  description: "what GENIES calls LAT: mass-mean shift on residual layers, stimulus 1 or 2",
  departures: ofGeniesShift,
  options: latMeanOptions,
  needs: ({ on, stimulus }) => ({
    stimulus: latStimuli[stimulus],
    positions: { kind: "last" },
    sites: sitesOf(on),
  }),
  fit: fitLatMean,
  restore: restoreCosineProbe,
}

/**
 * GENIES' LAT: difference of the class means on the best residual layers, mean cosine as the score.
 *
 * The embedding counts as a layer and the output of the last block does not, as in the release.
 *
 * @param options.on, options.k, options.calibrator - as those of mass-mean shift
 * @param options.stimulus - 1 or 2, by the release's names lat_stim_1 and lat_stim_2
 * Source: GENIES, interventions/lat_stim_1/train.py and lat_stim_2/train.py
 */
export async function fitLatMean(
  source: ActivationSet,
  options: OptionValues<typeof latMeanOptions> & FitOptions,
): Promise<FittedProbe> {
  return await fitShift("lat-mean", source, options)
}

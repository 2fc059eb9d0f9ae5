// Contrastive representation arithmetic, GENIES' own intervention: mass-mean shift on act(… Yes) − α · act(… No), the
// suffixes answering whether the responder successfully follows the instruction.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import { restoreCosineProbe } from "./contract/cosine-probe.ts"
import { fitShift, massMeanShiftOptions } from "./mass-mean-shift.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import { sitesOf } from "./fit/selection.ts"
import { combineVariants, onCombinedVariants, restoreOnCombinedVariants } from "./contract/variants.ts"
import { ofGeniesShift } from "./contract/departures.ts"

const options = {
  ...massMeanShiftOptions,
  alpha: { kind: "number", default: 1, description: "how much of act(No) is subtracted from act(Yes)" },
} as const

export type CraOptions = OptionValues<typeof options>

export const cra: Probe<typeof options, "cra"> = {
  name: "cra",
  description: "mass-mean shift on act(… Yes) − α · act(… No) (GENIES)",
  departures: [
    ...ofGeniesShift,
    {
      from: "GENIES",
      there: "α also multiplies one of the two responses at evaluation",
      here: "α stands between Yes and No alone (the same at α = 1, the release's)",
    },
  ],
  options,
  needs: ({ on }) => ({ stimulus: "yes-no", positions: { kind: "last" }, sites: sitesOf(on) }),
  fit: fitCra,
  restore: (record) => restoreOnCombinedVariants(record, restoreCosineProbe),
}

/**
 * CRA: mass-mean shift on the difference that the answer makes.
 *
 * What both suffixes share, which is most of the response itself, cancels where α is 1. The release multiplies by α a
 * second time when it evaluates (r₂ − α r₁ of the two responses), which is not antisymmetric; its α is always 1, where
 * the two agree, and here α stands between Yes and No alone.
 *
 * @param source - activations of the stimulus `yes-no`
 * @param options.alpha - α above; defaults to 1
 * @param options.on, options.k, options.calibrator - as those of mass-mean shift
 * Source: GENIES, interventions/cra/train.py and eval.py
 */
export async function fitCra(
  source: ActivationSet,
  { alpha, ...options }: CraOptions & FitOptions,
): Promise<FittedProbe> {
  const weights = { yes: 1, no: -alpha }
  return onCombinedVariants(await fitShift("cra", combineVariants(source, weights), options), weights)
}

// Contrast-consistent search: a probability of "this is true" that is consistent between a statement and its negation,
// and confident. No labels enter the search; which of the two answers it found is decided on the source.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import {
  contrastNeeds,
  contrastOn,
  fitContrastProbe,
  restoreContrastProbe,
  type ContrastModel,
} from "./fit/contrast-probe.ts"
import { describeRestarts } from "./math/ccs-restarts.ts"
import { trainCcs } from "./math/ccs-training.ts"
import { fitNormalisation, normalisationKinds, normalise, type Contrasts } from "./math/contrasts.ts"
import { shuffledSigns } from "./fit/shuffled-fits.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import { tensorBackend } from "./math/tensor-backend.ts"
import { ofGeniesCcs } from "./contract/departures.ts"

export const ccsTrainingOptions = {
  network: {
    kind: "choice",
    values: ["linear", "mlp"],
    default: "linear",
    description: "linear, or mlp: one hidden layer of 100 (a hundred times the work)",
  },
  restarts: { kind: "count", default: 10, description: "starts, of which the one of least loss is kept" },
  epochs: { kind: "count", default: 1000, description: "full-batch steps of AdamW" },
  learningRate: { kind: "number", min: 0, default: 1e-3, description: "of AdamW" },
  weightDecay: { kind: "number", min: 0, default: 0.01, description: "of AdamW" },
} as const

export const ccsOptions = {
  on: contrastOn,
  ...ccsTrainingOptions,
  normalisation: {
    kind: "choice",
    values: normalisationKinds,
    default: "mean",
    description:
      "mean: each class minus its mean; scale: and over its deviation (elk); release: one scale (the first release)",
  },
} as const

export type CcsOptions = OptionValues<typeof ccsOptions>

export const ccs: Probe<typeof ccsOptions, "ccs"> = {
  name: "ccs",
  description: "contrast-consistent search; sign and normalisation from the source alone (Burns et al. 2022)",
  departures: [
    {
      from: "Burns et al. 2022",
      there: "the sign is that of the test set's labels: max(acc, 1 − acc)",
      here: "that of the source's labels",
    },
    {
      from: "Burns et al. 2022",
      there: "the test set is normalised by its own mean",
      here: "by the source's",
    },
    {
      from: "Burns et al. 2022",
      there: "each class is also divided by its deviation",
      here: "its mean alone is subtracted, as in GENIES (`normalisation` scale divides, too)",
    },
    {
      from: "GENIES",
      there: "trained again for every target, without a seed",
      here: "once for each source, by the seed",
    },
    ...ofGeniesCcs,
  ],
  options: ccsOptions,
  needs: contrastNeeds,
  fit: fitCcs,
  fitShuffled: shuffledSigns(fitCcs),
  restore: restoreContrastProbe,
}

/**
 * Contrast-consistent search: least mean[(p⁺ − (1 − p⁻))²] + mean[min(p⁺, p⁻)²], p = σ(z(x̃)).
 *
 * A response's score is ½ (z(x̃⁺) − z(x̃⁻)), a logit; a pair's is the difference of its responses' scores. GENIES puts an
 * end-of-sequence token behind the suffix, and reads there; here the last token of the suffix is read.
 *
 * Finds whatever is consistent and confident, which need not be truth: any loud feature that flips with the answer.
 *
 * @param source - activations of `ccs-yes-no` at the last token, with the site that `on` names
 * @param options.on - one site or head; defaults to `final`, as in GENIES
 * @param options.seed - of the pairs, their split and the restarts
 * @returns fitted probe; its record reports every restart: loss, and agreement with the best
 * @throws {LitmusError} if fewer than two prompts can be scored, or an activation is not finite
 * Source: Burns et al. 2022, arXiv:2212.03827; collin-burns/discovering_latent_knowledge, utils.py. There the sign and
 * the normalisation come from the test set: see `ccs-leaky`
 */
export async function fitCcs(source: ActivationSet, options: CcsOptions & FitOptions): Promise<FittedProbe> {
  return await fitContrastProbe(source, { probe: "ccs", ...options }, (contrasts) =>
    ccsModel(contrasts, options),
  )
}

/** Normalises contrasts and trains on them. */
export async function ccsModel(
  contrasts: Contrasts,
  { normalisation: kind, ...options }: Omit<CcsOptions, "on"> & { readonly seed: number },
): Promise<ContrastModel> {
  const { tf, name } = await tensorBackend()
  const normalisation = fitNormalisation(contrasts, kind)
  const { parameters, restarts } = await trainCcs(tf, normalise(contrasts, normalisation), options)
  return {
    parameters,
    normalisation,
    note: describeRestarts(restarts),
    report: { restarts, backend: name },
  }
}

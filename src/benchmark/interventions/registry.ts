// Every intervention by its name. One flag names probes and tuned models alike.

import type { Probe } from "../../../probes/contract/probe.ts"
import type { Traits } from "../../../probes/contract/traits.ts"
import { probes, type ProbeOptions } from "../../../probes/registry.ts"
import { unknownName } from "../../base/errors.ts"
import { resolveOptions, type GivenOptions } from "../../base/options.ts"
import { tuningOptions } from "../../tuning/options.ts"
import { rewardOptions } from "../../tuning/reward-reading.ts"
import { bagOfWords, bagOfWordsOptions } from "./bag-of-words.ts"
import type { Intervention, InterventionKind } from "./contract.ts"
import { longer, random } from "./controls.ts"
import { fewShot, fewShotOptions } from "./few-shot.ts"
import { perplexity, perTokenLikelihood, zeroShot } from "./likelihood.ts"
import { tunedInterventions } from "./tuned.ts"
import { probeIntervention } from "./probe.ts"

/** All kinds, in the order in which help lists them. */
export const interventions: readonly InterventionKind[] = [
  ...probes.map(probeIntervention),
  ...tunedInterventions,
  zeroShot,
  perTokenLikelihood,
  perplexity,
  fewShot,
  bagOfWords,
  longer,
  random,
]

/** What every benchmark has besides what was asked for: agreement and differential elicitation need it. */
export const references = interventions.filter(({ traits }) => traits?.alwaysRun === "reference")

/** In the order of the tables: of the text alone, then of the embeddings. */
export const baselines = interventions
  .filter(({ traits }) => traits?.alwaysRun === "baseline")
  .sort((a, b) => Number(a.readsActivations ?? false) - Number(b.readsActivations ?? false))

/** The traits of an intervention; none where the name is of no kind here. */
export function traitsOf(name: string): Traits {
  return interventions.find((kind) => kind.name === name)?.traits ?? {}
}

/** The specification of every intervention's options, by its name. */
export type InterventionOptions = ProbeOptions &
  typeof tuningOptions & {
    readonly reward: typeof rewardOptions
    readonly "few-shot": typeof fewShotOptions
    readonly "bag-of-words": typeof bagOfWordsOptions
  } & Readonly<Record<"zero-shot" | "per-token-likelihood" | "perplexity" | "longer" | "random", NoOptions>>

type NoOptions = Readonly<Record<string, never>>

/** The options that one may give: of a name known to the compiler its own, of a probe the probe's, else any. */
export type OptionsOf<Which> = Which extends keyof InterventionOptions
  ? GivenOptions<InterventionOptions[Which]>
  : Which extends Probe<infer Specs>
    ? GivenOptions<Specs>
    : Readonly<Record<string, unknown>>

/**
 * An intervention by its name, or one of your own from a probe.
 *
 * A misspelt option of a name that is written out is a type error.
 *
 * @param which - a name of `interventions`, or a probe
 * @param options - as values or as text; what is left out takes its default
 * @throws {LitmusError} for an unknown name or option
 */
export function makeIntervention<const Which extends string | Probe>(
  which: Which,
  options?: OptionsOf<Which>,
): Intervention {
  const kind = typeof which === "string" ? findIntervention(which) : probeIntervention(which)
  return kind.make(resolveOptions(kind.name, kind.options, options))
}

function findIntervention(name: string): InterventionKind {
  const found = interventions.find((candidate) => candidate.name === name)
  if (!found) {
    const known = interventions.map((candidate) => candidate.name)
    throw unknownName("intervention", name, known)
  }
  return found
}

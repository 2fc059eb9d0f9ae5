// Every intervention by its name. One flag names probes and tuned models alike.

import type { Probe } from "../../../probes/contract/probe.ts"
import { probes } from "../../../probes/registry.ts"
import { unknownName } from "../../base/errors.ts"
import { resolveOptions } from "../../base/options.ts"
import { bagOfWords } from "./bag-of-words.ts"
import type { Intervention, InterventionKind } from "./contract.ts"
import { longer, random } from "./controls.ts"
import { fewShot } from "./few-shot.ts"
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

/**
 * An intervention by its name, or one of your own from a probe.
 *
 * @param which - a name of `interventions`, or a probe
 * @param options - as values or as text; what is left out takes its default
 * @throws {LitmusError} for an unknown name or option
 */
export function makeIntervention(
  which: string | Probe,
  options: Readonly<Record<string, unknown>> = {},
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

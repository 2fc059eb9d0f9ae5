// Interventions: whatever can be fitted on a source distribution and then tell better from worse responses on
// another. A probe is one; so is a tuned model. All answer through the same interface and are named by one flag.

import type { OptionSpecs } from "../../probes/options.ts"
import { resolveOptions } from "../../probes/options.ts"
import type { FittedProbe, Probe, ProbeNeeds } from "../../probes/probe.ts"
import { probes } from "../../probes/registry.ts"
import type { Distribution, Pair } from "../data/index.ts"
import { unknownName } from "../errors.ts"
import type { Workbench } from "./workbench.ts"

/** What an intervention says of a distribution. */
export interface Scores {
  /** The pairs that could be scored, in the distribution's order. */
  readonly pairs: readonly Pair[]
  /** Above 0 where the better response is preferred, `[nPairs]`. */
  readonly logits: ArrayLike<number>
  /** Probability that the better response is the better one, `[nPairs]`. */
  readonly probabilities: ArrayLike<number>
  /** A score of every single response, where one alone has a score. */
  readonly responses?: { readonly scores: ArrayLike<number>; readonly labels: ArrayLike<number> }
}

export interface FittedIntervention {
  /** One line on what was fitted. */
  readonly summary: string
  score(bench: Workbench, target: Distribution, pairs: readonly Pair[]): Promise<Scores>
}

export interface Intervention {
  readonly name: string
  readonly description: string
  /** The options it was made with, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>
  fit(bench: Workbench, source: Distribution): Promise<FittedIntervention>
}

/** Names, descriptions and options of every intervention. */
export const interventions: readonly { name: string; description: string; options: OptionSpecs }[] = probes

/** The intervention of that name with these options. */
export function makeIntervention(
  name: string,
  options: Readonly<Record<string, unknown>> = {},
): Intervention {
  const probe = probes.find((candidate) => candidate.name === name)
  if (!probe)
    throw unknownName(
      "intervention",
      name,
      interventions.map((known) => known.name),
    )
  const values = resolveOptions(name, probe.options, options)
  const needs = probe.needs(values)
  return {
    name,
    description: probe.description,
    options: values,
    fit: async (bench, source) => fittedProbe(await fitProbe(bench, source, probe, values), needs),
  }
}

/** Fits a probe on a source's activations. */
export async function fitProbe(
  bench: Workbench,
  source: Distribution,
  probe: Probe,
  options: Readonly<Record<string, unknown>>,
): Promise<FittedProbe> {
  const values = resolveOptions(probe.name, probe.options, options)
  const activations = await bench.activations(source, probe.needs(values))
  return await probe.fit(activations, { ...values, seed: bench.seed })
}

/** A fitted probe as an intervention. */
export function fittedProbe(probe: FittedProbe, needs: ProbeNeeds): FittedIntervention {
  return {
    summary: probe.summary,
    async score(bench, target, asked) {
      const activations = await bench.activations(target, needs)
      const pairs = activations.scorable(asked)
      const { logits, probabilities } = await probe.scorePairs(activations, pairs)
      const scores = await probe.scoreResponses(activations)
      return { pairs, logits, probabilities, responses: { scores, labels: activations.rows.label } }
    },
  }
}

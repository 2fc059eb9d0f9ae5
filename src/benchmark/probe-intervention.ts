// Probes as interventions: their activations are extracted, or taken from the cache, when they are needed.

import type { FittedProbe, Probe, ProbeNeeds } from "../../probes/probe.ts"
import type { Distribution } from "../data/index.ts"
import { resolveOptions } from "../options.ts"
import type { FittedIntervention, InterventionKind } from "./contract.ts"
import type { Workbench } from "./workbench.ts"

/** A probe as a kind of intervention. */
export function probeIntervention(probe: Probe): InterventionKind {
  const { name, description } = probe
  return {
    name,
    description,
    options: probe.options,
    make: (options) => ({
      name,
      description,
      options,
      fit: async (bench, source) =>
        fittedProbe(await fitProbe(bench, source, probe, options), probe.needs(options as never)),
    }),
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
      const { logits, probabilities, draws } = await probe.scorePairs(activations, pairs)
      const scores = await probe.scoreResponses(activations)
      const responses = { scores, labels: activations.rows.label }
      return { pairs, logits, probabilities, responses, ...(draws ? { draws } : {}) }
    },
  }
}

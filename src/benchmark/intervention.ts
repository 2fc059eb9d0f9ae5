// Every intervention by its name. One flag names probes and tuned models alike.

import { probes } from "../../probes/registry.ts"
import { unknownName } from "../errors.ts"
import { resolveOptions } from "../options.ts"
import type { Intervention, InterventionKind } from "./contract.ts"
import { probeIntervention } from "./probe-intervention.ts"

/** All kinds, in the order in which help lists them. */
export const interventions: readonly InterventionKind[] = [...probes.map(probeIntervention)]

/**
 * The intervention of that name.
 *
 * @param options - as values or as text; what is left out takes its default
 * @throws {LitmusError} for an unknown name or option
 */
export function makeIntervention(
  name: string,
  options: Readonly<Record<string, unknown>> = {},
): Intervention {
  const kind = interventions.find((candidate) => candidate.name === name)
  if (!kind)
    throw unknownName(
      "intervention",
      name,
      interventions.map((known) => known.name),
    )
  return kind.make(resolveOptions(name, kind.options, options))
}

// Every probe by its name: one import and one line each.

import { unknownName } from "../src/errors.ts"
import { massMeanShift } from "./mass-mean-shift.ts"
import type { Probe } from "./probe.ts"
import { randomDirection } from "./random-direction.ts"

export const probes: readonly Probe[] = [massMeanShift, randomDirection]

/** The probe of that name. */
export function findProbe(name: string): Probe {
  const found = probes.find((probe) => probe.name === name)
  if (!found)
    throw unknownName(
      "intervention",
      name,
      probes.map((probe) => probe.name),
    )
  return found
}

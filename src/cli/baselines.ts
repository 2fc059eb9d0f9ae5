// The baselines that every table has besides what was asked for, and the option that leaves them out.

import { Option } from "commander"
import { baselines } from "../benchmark/interventions/registry.ts"

export const baselineNames = baselines.map(({ name }) => name)

/** `--no-baselines`. */
export function noBaselinesOption(): Option {
  return new Option("--no-baselines", `leave out the baselines: ${baselineNames.join(", ")}`)
}

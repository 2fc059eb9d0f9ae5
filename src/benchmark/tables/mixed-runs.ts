// Rows of one intervention that were made with different options: a store keeps what every run leaves in it, and tables
// are read from several runs where suites share shifts. Such rows are no one experiment.

import type { StoredInputs } from "../store/inputs.ts"
import type { InterventionResults, SuiteResults } from "./suite-results.ts"

/** An intervention whose rows are of different runs. */
export interface MixedRuns {
  readonly model: string
  readonly intervention: string
  /** What differs, in words: `--max-examples 30 and all`, `k 1 and 10`. */
  readonly differences: readonly string[]
}

/** The interventions whose rows come from runs that differ in more than their seed. */
export function mixedRuns({ results }: SuiteResults): MixedRuns[] {
  return results.flatMap((row) => {
    const { model, intervention } = row
    const differences = differencesIn(row)
    return differences.length > 0 ? [{ model, intervention, differences }] : []
  })
}

function differencesIn({ shifts }: InterventionResults): string[] {
  const seeds = shifts.flatMap((shift) => shift?.bySeed ?? [])
  const inputs = seeds.flatMap(({ evaluations: { own } }) => own?.inputs ?? [])
  const replaced = seeds.filter((seed) => seed.isReplaced).length
  const several = (what: string, valueOf: (one: StoredInputs) => unknown): string[] => {
    const values = [...new Set(inputs.map((one) => describe(valueOf(one))))]
    return values.length > 1 ? [`${what} ${values.join(" and ")}`] : []
  }
  const options = [...new Set(inputs.flatMap((one) => Object.keys(one.options)))]
  const limits = limitsOf(inputs)
  return [
    ...limits,
    ...options.flatMap((name) => several(name, (one) => one.options[name])),
    ...several("--task", ({ task }) => task ?? "none"),
    ...several("weights", ({ model }) => model),
    ...several("engine", ({ engine }) => engine),
    ...(limits.length > 0 ? [] : otherExamples(inputs)),
    ...(replaced > 0
      ? [`figures that are older than the store's evaluations, on ${replaced} of the rows`]
      : []),
  ]
}

/** Runs with one limit leave no more examples than that anywhere, also where it does not bite. */
function limitsOf(inputs: readonly StoredInputs[]): string[] {
  const limits = [...new Set(inputs.flatMap(({ maxExamples }) => maxExamples ?? []))].sort((a, b) => a - b)
  const [least] = limits
  if (least === undefined) return []
  const exceeds = ({ maxExamples, source, target }: StoredInputs): boolean =>
    maxExamples === undefined && Math.max(source.examples, target.examples) > least
  const all = [...limits.map(String), ...(inputs.some(exceeds) ? ["all"] : [])]
  return all.length > 1 ? [`--max-examples ${all.join(" and ")}`] : []
}

/** Splits of which the rows have different examples, as with another seed or an edited file. */
function otherExamples(inputs: readonly StoredInputs[]): string[] {
  const known = new Map<string, Set<string>>()
  for (const { source, target } of inputs) {
    for (const [split, { id, fingerprint }] of [["train", source] as const, ["test", target] as const]) {
      const name = `${id} ${split}`
      known.set(name, (known.get(name) ?? new Set()).add(fingerprint))
    }
  }
  const names = [...known].filter(([, fingerprints]) => fingerprints.size > 1).map(([name]) => name)
  return names.length > 0 ? [`other examples of ${names.join(", ")}`] : []
}

function describe(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "default")
}

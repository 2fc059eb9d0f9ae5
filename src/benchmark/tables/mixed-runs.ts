// Rows of one table that were made with different options: a store keeps what every run leaves in it, and tables are
// read from several runs where suites share shifts. Rows that differ so, in themselves or from one intervention to
// another, are no one experiment.

import { shiftKey } from "../../data/index.ts"
import type { StoredInputs } from "../store/inputs.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import { interventionOf } from "../store/places.ts"
import { random, type InterventionResults, type SeedResult, type SuiteResults } from "./suite-results.ts"

/** Rows that are of different runs: those of one intervention, or those of one and of another. */
export interface MixedRuns {
  readonly model: string
  readonly interventions: readonly string[]
  /** What differs, in words: `--max-examples 30 and all`, `k 1 and 10`, `seeds 1 (lora) and 3 (mms)`. */
  readonly differences: readonly string[]
}

/** The interventions whose rows come from runs that differ in more than their seed, each alone and then together. */
export function mixedRuns({ results }: SuiteResults): MixedRuns[] {
  // `random` is made by no run: its zero-shot accuracies and capabilities are another row's.
  const ours = results.filter(({ published, intervention }) => !published && intervention !== random)
  const alone = ours.flatMap((row) => {
    const { model, intervention } = row
    const differences = differencesIn(row)
    return differences.length > 0 ? [{ model, interventions: [intervention], differences }] : []
  })
  const together = [...new Set(ours.map(({ model }) => model))].flatMap((model) => {
    const rows = ours.filter((row) => row.model === model && row.shifts.some((shift) => shift))
    const differences = rows.length > 1 ? differencesAcross(rows) : []
    const interventions = rows.map(({ intervention }) => intervention)
    return differences.length > 0 ? [{ model, interventions, differences }] : []
  })
  return [...alone, ...together]
}

function differencesIn(row: InterventionResults): string[] {
  const seeds = seedsOf(row)
  const inputs = inputsOf(row, ({ own }) => own)
  const replaced = seeds.filter((seed) => seed.isReplaced).length
  const options = [...new Set(inputs.flatMap((one) => Object.keys(one.options)))]
  const limits = limitsOf(inputs)
  return [
    ...limits,
    ...options.flatMap((name) => several(name, inputs, (one) => one.options[name])),
    ...several("--task", inputs, ({ task }) => task ?? "none"),
    ...several("weights", inputs, ({ model }) => model),
    ...several("engine", inputs, ({ engine }) => engine),
    ...(limits.length > 0 ? [] : otherExamples(inputs)),
    ...(replaced > 0
      ? [`figures that are older than the store's evaluations, on ${replaced} of the rows`]
      : []),
  ]
}

/** What differs from row to row; what differs in the same way within each of them is said there. */
function differencesAcross(rows: readonly InterventionResults[]): string[] {
  const own = (row: InterventionResults): StoredInputs[] => inputsOf(row, (evaluations) => evaluations.own)
  const measured = (row: InterventionResults): StoredInputs[] => [
    ...own(row),
    ...inputsOf(row, ({ zeroShot }) => zeroShot),
    ...inputsOf(row, ({ capability }) => capability),
  ]
  const limit = (row: InterventionResults): string =>
    [...new Set(own(row).map(({ maxExamples }) => String(maxExamples ?? "all")))].sort().join("/")
  const across = (
    find: (inputs: readonly StoredInputs[]) => string[],
    of: (row: InterventionResults) => StoredInputs[],
  ): string[] => {
    const within = new Set(rows.map((row) => find(of(row)).join()))
    const found = find(rows.flatMap(of))
    return within.size === 1 && within.has(found.join()) ? [] : found
  }
  const limits = across(limitsOf, measured).flatMap((found) => {
    const byRow = shared(rows, limit)
    return [byRow === undefined ? found : `--max-examples ${byRow}`]
  })
  return [
    ...limits,
    ...across((inputs) => several("--task", inputs, ({ task }) => task ?? "none"), measured),
    ...across((inputs) => several("weights", inputs, ({ model }) => model), measured),
    ...across((inputs) => several("engine", inputs, ({ engine }) => engine), measured),
    ...(limits.length > 0 ? [] : across(otherExamples, measured)),
    ...otherFigures("zero-shot accuracies", rows, ({ zeroShot }) => zeroShot),
    ...otherFigures("capabilities", rows, ({ capability }) => capability),
    ...otherCapabilities(rows),
    ...otherSeeds(rows),
  ]
}

/** Shifts on which rows are measured against other figures of the same seed: these are the model's, and should agree. */
function otherFigures(
  what: string,
  rows: readonly InterventionResults[],
  figureOf: (seed: SeedResult) => number | undefined,
): string[] {
  const known = new Map<string, Map<string, Set<string>>>()
  for (const { shifts } of rows) {
    for (const { shift, bySeed } of shifts.flatMap((one) => one ?? [])) {
      const key = shiftKey(shift)
      const ofSeeds = known.get(key) ?? new Map<string, Set<string>>()
      known.set(key, ofSeeds)
      for (const seed of bySeed) {
        const figure = figureOf(seed)
        const name = String(seed.seed)
        if (figure !== undefined) ofSeeds.set(name, (ofSeeds.get(name) ?? new Set()).add(figure.toFixed(12)))
      }
    }
  }
  const n = [...known.values()].filter((ofSeeds) =>
    [...ofSeeds.values()].some((figures) => figures.size > 1),
  ).length
  return n > 0 ? [`the ${what} that they are measured against, on ${n} of the shifts`] : []
}

/** Options with which a capability was measured here and there. */
function otherCapabilities(rows: readonly InterventionResults[]): string[] {
  const byName = new Map<string, StoredInputs[]>()
  for (const { capabilityBy, evaluations } of rows.flatMap(seedsOf)) {
    const inputs = evaluations.capability?.inputs
    if (!inputs || capabilityBy === undefined) continue
    const by = interventionOf(capabilityBy)
    byName.set(by, [...(byName.get(by) ?? []), inputs])
  }
  return [...byName].flatMap(([by, inputs]) => {
    const options = [...new Set(inputs.flatMap((one) => Object.keys(one.options)))]
    return options.flatMap((name) =>
      several(`capability by ${by}: ${name}`, inputs, (one) => one.options[name]),
    )
  })
}

/** Rows with more seeds than others: a comparison takes those that both have. */
function otherSeeds(rows: readonly InterventionResults[]): string[] {
  const counts = ({ shifts }: InterventionResults): string =>
    [...new Set(shifts.flatMap((shift) => shift?.bySeed.length ?? []))].sort((a, b) => a - b).join("/")
  const byRow = shared(rows, counts)
  return byRow === undefined ? [] : [`seeds, ${byRow}, compared on those that both have`]
}

/** `6 (longer) and all (mms)`: who has which; undefined where all have one. */
function shared(
  rows: readonly InterventionResults[],
  valueOf: (row: InterventionResults) => string,
): string | undefined {
  const byValue = new Map<string, string[]>()
  for (const row of rows) {
    const value = valueOf(row)
    byValue.set(value, [...(byValue.get(value) ?? []), row.intervention])
  }
  if (byValue.size < 2) return undefined
  return [...byValue]
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([value, names]) => `${value} (${names.length > 3 ? `${names.length} rows` : names.join(", ")})`)
    .join(" and ")
}

function seedsOf({ shifts }: InterventionResults): SeedResult[] {
  return shifts.flatMap((shift) => shift?.bySeed ?? [])
}

/** What the evaluations of a row say of themselves. A mixture has more examples than its limit: that is no other one. */
function inputsOf(
  row: InterventionResults,
  evaluationOf: (evaluations: SeedResult["evaluations"]) => StoredEvaluation | undefined,
): StoredInputs[] {
  const inputs = seedsOf(row).flatMap(({ evaluations }) => evaluationOf(evaluations)?.inputs ?? [])
  if (!row.intervention.includes("+")) return inputs
  return inputs.map((one) => ({ ...one, source: { ...one.source, examples: 0 } }))
}

function several(
  what: string,
  inputs: readonly StoredInputs[],
  valueOf: (one: StoredInputs) => unknown,
): string[] {
  const values = [...new Set(inputs.map((one) => describe(valueOf(one))))]
  return values.length > 1 ? [`${what} ${values.join(" and ")}`] : []
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

// Whether the interventions of a table were trained on the same pairs of their sources. One that holds pairs out to choose
// a rate or a checkpoint by trains on fewer; one that reads more of a text may fit fewer into the context.

import { groupBy } from "../../base/group-by.ts"
import type { PairSet } from "../../data/index.ts"
import type { InterventionResults, SuiteResults } from "./suite-results.ts"

/** Interventions of a model that were trained on the same pairs of each source. */
export interface TrainedAlike {
  readonly interventions: readonly string[]
  /** Smallest and largest number of pairs, over sources and seeds. */
  readonly pairs: readonly [low: number, high: number]
}

/** The interventions of a model that were not all trained on the same pairs. */
export interface TrainedApart {
  readonly model: string
  /** At least two, in the order in which their interventions first occur. */
  readonly groups: readonly TrainedAlike[]
}

/** Where interventions were trained on different pairs of one source with one seed, as far as their evaluations say. */
export function trainedApart({ results }: SuiteResults): TrainedApart[] {
  const models = [...new Set(results.map(({ model }) => model))]
  return models.flatMap((model) => {
    const rows = results.filter((row) => row.model === model && !row.published)
    // Mixtures are each compared with those of the same share.
    const shares = groupBy(rows, ({ intervention }) => intervention.split("+")[1] ?? "")
    return [...shares.values()].flatMap((alike) => {
      const groups = groupsOf(alike)
      return groups.length > 1 ? [{ model, groups }] : []
    })
  })
}

interface Group {
  readonly interventions: string[]
  readonly sets: Map<string, PairSet>
}

function groupsOf(rows: readonly InterventionResults[]): TrainedAlike[] {
  const groups: Group[] = []
  for (const row of rows) {
    const sets = setsOf(row)
    if (sets.size === 0) continue
    const group = groups.find((known) => agree(known.sets, sets))
    if (group) {
      group.interventions.push(row.intervention)
      for (const [key, set] of sets) group.sets.set(key, set)
    } else {
      groups.push({ interventions: [row.intervention], sets })
    }
  }
  return groups.map(({ interventions, sets }) => {
    const counts = [...sets.values()].map(({ pairs }) => pairs)
    return { interventions, pairs: [Math.min(...counts), Math.max(...counts)] }
  })
}

/** By seed, source and what was mixed into it. */
function setsOf({ intervention, shifts }: InterventionResults): Map<string, PairSet> {
  const sets = new Map<string, PairSet>()
  for (const result of shifts) {
    for (const { seed, evaluations } of result?.bySeed ?? []) {
      const { source, target } = result!.shift
      const set = evaluations.own?.trainedOn
      if (set) sets.set(JSON.stringify([seed, source, intervention.includes("+") ? target : null]), set)
    }
  }
  return sets
}

function agree(a: ReadonlyMap<string, PairSet>, b: ReadonlyMap<string, PairSet>): boolean {
  return [...b].every(([key, set]) => {
    const other = a.get(key)
    return other === undefined || other.fingerprint === set.fingerprint
  })
}

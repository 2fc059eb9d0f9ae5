// What a benchmark has to do: which interventions are fitted on which source, and on what each is tested. A source is
// fitted once for all its shifts, a reference once for all that measure a capability by it.

import type { Shift } from "../../data/index.ts"
import type { Intervention } from "../interventions/contract.ts"

/** How the target-tuned capability is found: by LoRA, or by whatever does best on held-out data of the reference. */
export const capabilities = ["lora", "best"] as const

export type Capability = (typeof capabilities)[number]

/** What to run. */
export interface BenchSpec {
  /** Name of the suite, or of the file of shifts without its ending. */
  readonly suite: string
  /** Every shift once. */
  readonly shifts: readonly Shift[]
  /** Interventions asked for, in the order of the tables. */
  readonly interventions: readonly Intervention[]
  /** Those that every table needs: zero-shot, the likelihood of a token, the longer response. */
  readonly references: readonly Intervention[]
  /** What the capability is measured with. */
  readonly capability: { readonly by: Capability; readonly candidates: readonly Intervention[] }
  /** The first is in the store itself, the others in `seeds/` below it. */
  readonly seeds: readonly number[]
  /**
   * Share of each target's training examples that the interventions asked for are fitted on besides their source, in
   * (0, 1]; none if absent. They have names of their own in the store: `lora+5%`.
   */
  readonly mixTarget?: number
  /** Fits on shuffled labels that make the null band of every probe; none if absent. */
  readonly nullDraws?: number
}

/** One intervention, fitted on one source with one seed, or for all seeds. */
export interface Fit {
  readonly intervention: Intervention
  /** The intervention's name in the store. */
  readonly name: string
  /** What is mixed into the source's training split. */
  readonly mixture?: { readonly target: string; readonly share: number }
  readonly source: string
  readonly seed: number
  /** Further seeds that have the same evaluations: all of them where the intervention does not depend on the seed. */
  readonly sharedBy: readonly number[]
  /** Distributions whose test splits it is scored on; the source's own first, unless there is a mixture. */
  readonly targets: readonly string[]
}

/** A candidate for the capability on a reference, judged on held-out data of the reference's training split. */
export interface Trial {
  readonly intervention: Intervention
  readonly reference: string
  readonly seed: number
}

export interface BenchPlan {
  readonly fits: readonly Fit[]
  readonly trials: readonly Trial[]
}

/** What a table is called by: the interventions asked for, or their mixtures, and the references. */
export function tabledNames({ interventions, references, mixTarget }: BenchSpec): string[] {
  const asked = interventions.map(({ name }) => mixedName(name, mixTarget))
  return [...new Set([...asked, ...references.map(({ name }) => name)])]
}

function mixedName(name: string, share: number | undefined): string {
  return share === undefined ? name : `${name}+${Number((100 * share).toPrecision(12))}%`
}

/** The distributions that capabilities are measured on, in the order of the shifts. */
export function referencesOf(shifts: readonly Shift[]): string[] {
  return [...new Set(shifts.map(({ targetReference }) => targetReference))]
}

/** All interventions of a benchmark, each once; those asked for first. */
export function allInterventions({
  interventions,
  references,
  capability,
}: Pick<BenchSpec, "interventions" | "references" | "capability">): Intervention[] {
  const byName = new Map<string, Intervention>()
  for (const one of [...interventions, ...references, ...capability.candidates]) {
    if (!byName.has(one.name)) byName.set(one.name, one)
  }
  return [...byName.values()]
}

/**
 * Plans a benchmark.
 *
 * Seed by seed and source by source, so that what was read of a source serves all interventions on it.
 */
export function planBench(spec: BenchSpec): BenchPlan {
  const { shifts, seeds } = spec
  const sources = [...new Set(shifts.map(({ source }) => source))]
  const references = referencesOf(shifts)
  const { mixTarget } = spec
  const plain = mixTarget === undefined ? [...spec.interventions, ...spec.references] : spec.references
  const onSources = new Set(plain.map(({ name }) => name))
  const onReferences = new Set(spec.capability.candidates.map(({ name }) => name))
  const fits: Fit[] = []
  const trials: Trial[] = []
  for (const [k, seed] of seeds.entries()) {
    const sharedBy = ({ seedless }: Intervention): readonly number[] => (seedless ? seeds.slice(1) : [])
    for (const source of new Set([...sources, ...references])) {
      const targets = shifts.filter((shift) => shift.source === source).map(({ target }) => target)
      const isReference = references.includes(source)
      for (const intervention of allInterventions(spec)) {
        const transfers = targets.length > 0 && onSources.has(intervention.name)
        const measures = isReference && onReferences.has(intervention.name)
        if (!transfers && !measures) continue
        if (!intervention.seedless || k === 0) {
          fits.push({
            intervention,
            name: intervention.name,
            source,
            seed,
            sharedBy: sharedBy(intervention),
            targets: [...new Set([source, ...(transfers ? targets : [])])],
          })
        }
        if (measures && spec.capability.by === "best") trials.push({ intervention, reference: source, seed })
      }
      if (mixTarget === undefined) continue
      for (const intervention of spec.interventions.filter(({ seedless }) => !seedless || k === 0)) {
        for (const target of new Set(targets)) {
          const name = mixedName(intervention.name, mixTarget)
          const mixture = { target, share: mixTarget }
          const shared = sharedBy(intervention)
          fits.push({ intervention, name, mixture, source, seed, sharedBy: shared, targets: [target] })
        }
      }
    }
  }
  return { fits, trials }
}

// Which figures of two interventions may be subtracted: those on the same examples, measured against one capability.

import { areOfSameExamples, storedOutcomes, type StoredEvaluation } from "../store/evaluation.ts"
import { pairedOutcomes, type PairedOutcomes } from "./paired-outcomes.ts"
import { random, type SeedResult, type ShiftResult } from "./suite-results.ts"

/** An intervention's figures on a shift with one seed. */
export interface Side extends SeedResult, Pick<ShiftResult, "shift" | "turned"> {
  readonly intervention: string
}

/** Two figures that may be subtracted. */
export interface Comparable {
  /** Outcomes on the pairs that both could score, where either lacks some and these are known. */
  readonly common: PairedOutcomes | undefined
  readonly capability: number
  /** The evaluation that the capability is the accuracy of, where it is there. */
  readonly capable: StoredEvaluation | undefined
}

/** The figures of two interventions on a shift, seed by seed, with the seeds that both have. */
export function commonSeeds(
  first: { readonly intervention: string; readonly shift: ShiftResult },
  second: { readonly intervention: string; readonly shift: ShiftResult },
): [Side, Side][] {
  const side = (
    { intervention, shift: { shift, turned } }: { intervention: string; shift: ShiftResult },
    seed: SeedResult,
  ): Side => ({ ...seed, shift, turned, intervention })
  return first.shift.bySeed.flatMap((one) => {
    const other = second.shift.bySeed.find(({ seed }) => seed === one.seed)
    return other ? [[side(first, one), side(second, other)]] : []
  })
}

/**
 * What two figures share that may be subtracted, or why they may not be. Swapping the two swaps the outcomes and changes
 * nothing else.
 *
 * The difference of two differential elicitations is (a₁ − a₂) / c only where c is one figure. c is the model's and the
 * target's (what tuning on the reference reaches), not the intervention's: where the rows have two of them, as from runs
 * that tuned with other options or on other examples, at least one is not what the other row was measured against, and
 * a₁ / c₁ − a₂ / c₂ would show the difference of the yardsticks as one of the interventions. Such a shift is left out.
 * `random`, which has a c by courtesy of another row, takes that of the intervention that it is compared with.
 */
export function comparable(one: Side, other: Side): Comparable | string {
  const measured = [one, other].filter(({ intervention }) => intervention !== random)
  if (measured.some(({ isReplaced }) => isReplaced)) return leftOutBecause.older
  const [first, second] = [one.evaluations.own, other.evaluations.own]
  if (!areOfSameExamples([first, second].flatMap((own) => own ?? []))) return leftOutBecause.examples
  const common = commonSubset(one, other)
  if (common === "none") return leftOutBecause.pairs
  const [a = one, b = a] = measured
  if (!a.capability || !b.capability) return leftOutBecause.noCapability
  const withheld = a.withheld ?? b.withheld
  if (withheld !== undefined) return withheld
  if (Math.abs(a.capability - b.capability) > 1e-12) return leftOutBecause.capability
  return {
    common,
    capability: (a.capability + b.capability) / 2,
    capable: a.evaluations.capability ?? b.evaluations.capability,
  }
}

/** Why a shift that both have a result on is left out of a comparison. */
export const leftOutBecause = {
  examples: "the two are evaluated on other examples of the target",
  older: "a figure is older than the store's evaluation, and of which examples it is cannot be known",
  pairs: "the two scored no pair in common",
  capability: "the two are measured against other capabilities",
  noCapability: "the capability is 0 or not known",
} as const

/** Outcomes on the common pairs, where either lacks some, inverted where the view does so. */
function commonSubset(one: Side, other: Side): PairedOutcomes | "none" | undefined {
  const { own: a } = one.evaluations
  const { own: b } = other.evaluations
  if (!a || !b || !(a.pairs ?? b.pairs)) return undefined
  const common = pairedOutcomes(a, b)
  if (!common) return storedOutcomes(a) && storedOutcomes(b) ? "none" : undefined
  const turn = (outcomes: Float64Array, turned: boolean): Float64Array =>
    turned ? outcomes.map((outcome) => 1 - outcome) : outcomes
  return {
    first: turn(common.first, one.turned),
    second: turn(common.second, other.turned),
    pairs: common.pairs,
  }
}

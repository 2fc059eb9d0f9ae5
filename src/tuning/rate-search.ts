// Which learning rates a search tries, and for how long. Source: Jamieson and Talwalkar 2016 (arXiv:1502.07943).

import type { TuningKind } from "./options.ts"

/** The paper's rates. */
export const paperRates = { lora: 2e-4, "prompt-tuning": 5.2e-3, full: 2e-5 } as const

/** The rates that a search tries. */
export const triedRates = {
  lora: [2e-4, 1e-3, 3e-3, 1e-2],
  "prompt-tuning": [1e-3, 5.2e-3, 2e-2, 1e-1],
  full: [2e-5, 1e-4, 3e-4, 1e-3],
} as const

/** Share of the steps of the first rung; each rung has twice as many. */
const firstShare = 0.15

/** The rungs of a search: how many rates train for how many steps. */
export function rungsOf(kind: TuningKind, steps: number): { rates: number; steps: number }[] {
  const rungs: { rates: number; steps: number }[] = []
  let rates: number = triedRates[kind].length
  for (let share = firstShare; rates > 1; rates = Math.ceil(rates / 2), share *= 2) {
    rungs.push({ rates, steps: Math.min(steps, Math.max(5, Math.round(share * steps))) })
  }
  return rungs
}

/** Steps of all rungs together. */
export function searchSteps(kind: TuningKind, steps: number): number {
  return rungsOf(kind, steps).reduce((sum, rung) => sum + rung.rates * rung.steps, 0)
}

/** For fingerprints: all that a search depends on besides model, source and options. */
export function searchKey(kind: TuningKind): unknown {
  return { rates: triedRates[kind], firstShare, without: paperRates[kind] }
}

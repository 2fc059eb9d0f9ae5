// A difference in words, from its interval: what a sentence may claim.

import type { Ends } from "./clusters.ts"

/** What an interval says of a difference. */
export type Verdict = "more" | "less" | "none shown" | "unknown"

/** `more` or `less` where the whole interval lies on one side of 0. */
export function verdictOf(interval: Ends | undefined): Verdict {
  if (!interval) return "unknown"
  return interval.low > 0 ? "more" : interval.high < 0 ? "less" : "none shown"
}

/**
 * A difference of shares in words: `3.2 points more (1.1 to 5.3)`, `no difference shown (-1.0 to 4.2 points)`.
 *
 * @param difference - between −1 and 1
 * @param interval - of the difference; without one nothing is claimed
 */
export function describeDifference(difference: number, interval: Ends | undefined): string {
  const points = (share: number): string => (share * 100).toFixed(1).replace(/^-(?=0\.0$)/, "")
  if (!interval) return `${points(difference)} points, from too little to say whether it is chance`
  const ends = `${points(interval.low)} to ${points(interval.high)}`
  const verdict = verdictOf(interval)
  if (verdict === "none shown") return `no difference shown (${ends} points)`
  return `${points(Math.abs(difference))} points ${verdict} (${ends})`
}

// What the small world's run says of itself: from intervals, and without what is decided by construction.

import { expect, it } from "vitest"
import { whatItShows } from "../../src/microworld/words.ts"

const extreme = {
  label: "extreme",
  shifts: [0.9, 0.8, 1, 0.85].map((accuracy, i) => ({ target: `e${i}`, accuracy })),
}
const probing = (open: readonly number[]) => ({
  label: "probing",
  shifts: [
    ...open.map((accuracy, i) => ({ target: `p${i}`, accuracy })),
    { target: "long_right", accuracy: 0 },
    { target: "wrong_answer", accuracy: 0 },
  ],
})

it("shows no difference where only the shifts that reverse by design make one", () => {
  const text = whatItShows([extreme, probing([0.9, 0.85, 0.88, 0.92])], [])
  expect(text).toContain(
    "LoRA is right on 88.8 % of the pairs of 4 extreme shifts and on 59.2 % of 6 probing ones.",
  )
  expect(text).toMatch(
    /without them it is 88\.8 %, which against the extreme shifts is no difference shown \(/,
  )
})

it("says a difference where the interval over shifts leaves no doubt, and of which sign", () => {
  const text = whatItShows([extreme, probing([0.3, 0.35, 0.28, 0.32])], [])
  // Welch: 0.8875 and 0.3125, variances 0.0072917 / 4 and 0.000892 / 4.
  expect(text).toMatch(/is 57\.5 points less \(-7\d\.\d to -4\d\.\d\)/)
})

it("compares each probe with LoRA by its interval", () => {
  const probes = [
    { probe: "mms", difference: -0.064, interval: { low: -0.08, high: -0.05 } },
    { probe: "lr", difference: 0.01, interval: { low: -0.02, high: 0.04 } },
  ]
  const text = whatItShows([extreme, probing([0.9, 0.85])], probes)
  expect(text).toContain("mms 6.4 points less (-8.0 to -5.0); lr no difference shown (-2.0 to 4.0 points)")
  expect(text).toContain("One model and one seed")
})

it("says so where a label has no result", () => {
  expect(whatItShows([extreme], [])).toBe("Not every shift has a result (see above).")
})

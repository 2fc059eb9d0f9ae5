// What the small world's run says of itself: from intervals, never more than they allow.

import { expect, it } from "vitest"
import { whatItShows } from "../../src/microworld/words.ts"

const extreme = { label: "extreme", accuracies: [0.9, 0.8, 1, 0.85] }
const probing = (accuracies: readonly number[]) => ({ label: "probing", accuracies })

it("shows no difference where the interval over shifts holds zero", () => {
  expect(whatItShows([extreme, probing([0.9, 0.85, 0.88, 0.92])], [], 3)).toMatch(
    /LoRA is right on 88\.8 % of the pairs of 4 extreme shifts and on 88\.8 % of 4 probing ones: no difference shown \(.*3 seeds\./,
  )
})

it("says a difference where the interval over shifts leaves no doubt, and of which sign", () => {
  const text = whatItShows([extreme, probing([0.3, 0.35, 0.28, 0.32])], [], 1)
  // Welch: 0.8875 and 0.3125, variances 0.0072917 / 4 and 0.000892 / 4.
  expect(text).toMatch(
    /ones: 57\.5 points less \(-7\d\.\d to -4\d\.\d\), 95 % interval over shifts and one seed\./,
  )
})

it("compares each probe with LoRA by its interval", () => {
  const probes = [
    { probe: "mms", difference: -0.064, interval: { low: -0.08, high: -0.05 } },
    { probe: "lr", difference: 0.01, interval: { low: -0.02, high: 0.04 } },
  ]
  const text = whatItShows([extreme, probing([0.9, 0.85])], probes, 3)
  expect(text).toContain("mms 6.4 points less (-8.0 to -5.0); lr no difference shown (-2.0 to 4.0 points)")
  expect(text).toContain("of one pretrained model")
})

it("says so where a label has no result", () => {
  expect(whatItShows([extreme], [], 3)).toBe("Not every shift has a result (see above).")
})

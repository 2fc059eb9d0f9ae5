// Options of interventions: what values and texts they take.

import { describe, expect, test } from "vitest"
import { resolveOptions } from "../../src/base/options.ts"
import { loraOptions } from "../../src/tuning/options.ts"

describe("a choice", () => {
  test("of names that are numbers takes the number too", () => {
    expect(resolveOptions("lora", loraOptions, { labels: 2 })).toEqual(
      resolveOptions("lora", loraOptions, { labels: "2" }),
    )
    expect(resolveOptions("lora", loraOptions, { labels: 2 }).labels).toBe("2")
  })

  test.each([3, 1.5, Number.NaN, "two", null, [2], true])("refuses %j", (labels) => {
    expect(() => resolveOptions("lora", loraOptions, { labels })).toThrow(
      "lora.labels: expected one of 1, 2, got ",
    )
  })
})

// The small parts of a report: sizes, bins, CSV, data files.

import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { rmsCalibrationError } from "../../src/metrics/index.ts"
import { random } from "../../src/base/random.ts"
import { binPairs } from "../../src/report/reliability.ts"
import { sizeOf, turnedBins } from "../../src/report/site-data.ts"
import { csvOf } from "../../src/report/site/csv.ts"
import { dataScript } from "../../src/report/write-site.ts"

describe("the size that a model's name tells", () => {
  it.each([
    ["llama-30b", 30e9],
    ["openllama-3b", 3e9],
    ["pythia-1.4b", 1.4e9],
    ["Qwen2.5-0.5B-Instruct", 0.5e9],
    ["stories260K", 260e3],
    ["pythia-160m", 160e6],
    ["my-model", undefined],
    ["bert-base", undefined],
  ])("is read from %s", (model, size) => {
    expect(sizeOf(model)).toBe(size)
  })
})

describe("reliability bins", () => {
  const { uniform } = random(1, "reliability")
  const probabilities = Array.from({ length: 500 }, () => uniform())

  it("give the calibration error of the metrics", () => {
    const bins = binPairs(probabilities)
    const total = bins.reduce((sum, bin) => sum + (bin.n > 0 ? (bin.sum - bin.ones) ** 2 / bin.n : 0), 0)
    // The same sums in the same order: equal to rounding.
    expect(Math.sqrt(total / (2 * probabilities.length))).toBeCloseTo(rmsCalibrationError(probabilities), 12)
  })

  it("with labels inverted are those of 1 − p", () => {
    const turned = turnedBins(binPairs(probabilities))
    const direct = binPairs(probabilities.map((p) => 1 - p))
    turned.forEach(({ n, sum, ones }, i) => {
      expect([n, ones]).toEqual([direct[i]!.n, direct[i]!.ones])
      expect(sum).toBeCloseTo(direct[i]!.sum, 9)
    })
  })
})

describe("CSV of the page", () => {
  it("quotes what needs it and disarms formulas", () => {
    const csv = csvOf([
      ["a,b", 'say "no"', "two\nlines", undefined, -1.5],
      ["=HYPERLINK(1)", "+1", "@x", "-2", "ok"],
    ])
    expect(csv).toBe(`"a,b","say ""no""","two\nlines",,-1.5\r\n'=HYPERLINK(1),'+1,'@x,'-2,ok\r\n`)
  })
})

describe("a data script", () => {
  it("hands over JSON as a text, whatever stands in it", () => {
    const value = { "</script>": "'\"\\\u2028\n", __proto__x: 1, list: [0.1 + 0.2, 1e-9] }
    const received: [string, string][] = []
    const litmusData = (name: string, json: string): unknown => received.push([name, json])
    runInNewContext(dataScript("a", value), { litmusData })
    expect(received.map(([name]) => name)).toEqual(["a"])
    expect(JSON.parse(received[0]![1])).toEqual({ ...value, list: [0.3, 1e-9] })
  })
})

// Rotary positions: frequencies and tables against their closed forms. (Against Hugging Face's own numbers they are
// tested with whole models: architectures.test.ts.)

import { describe, expect, test } from "vitest"
import { ConfigFields } from "../../src/model/checkpoint/config-fields.ts"
import { inverseFrequencies, rotaryTables, type Rope } from "../../src/model/architectures/rope.ts"
import { readRope } from "../../src/model/architectures/rope-fields.ts"
import { maxAbsDifference } from "../support/numbers.ts"

const llama31: Rope = {
  type: "llama3",
  theta: 500_000,
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalContextLength: 8192,
}

describe("frequencies", () => {
  // Relative: one rounding of the power and one of the quotient to float32 (2⁻²⁴ each).
  const relative = 2 ** -23

  test("by default fall from 1 by equal ratios", () => {
    const found = inverseFrequencies({ type: "default", theta: 10_000 }, 8)
    const expected = [1, 0.1, 0.01, 0.001]
    expect(found.length).toBe(4)
    found.forEach((frequency, i) =>
      expect(Math.abs(frequency / expected[i]! - 1)).toBeLessThanOrEqual(relative),
    )
  })

  test("linear: all divided by the factor", () => {
    const plain = inverseFrequencies({ type: "default", theta: 300 }, 12)
    const found = inverseFrequencies({ type: "linear", theta: 300, factor: 4 }, 12)
    expect(found).toEqual(plain.map((frequency) => frequency / 4))
  })

  test("llama3: short waves stay, long ones are divided, those between pass over evenly", () => {
    const plain = inverseFrequencies({ type: "default", theta: 500_000 }, 128)
    const found = inverseFrequencies(llama31, 128)
    const counts = { kept: 0, between: 0, divided: 0 }
    found.forEach((frequency, i) => {
      // How often the wave fits into the original context: 4 times or more, once or less, or between.
      const turns = (8192 * plain[i]!) / (2 * Math.PI)
      const share = Math.min(1, Math.max(0, (turns - 1) / 3))
      const expected = plain[i]! * (share + (1 - share) / 8)
      expect(Math.abs(frequency / expected - 1)).toBeLessThanOrEqual(relative)
      counts[share === 1 ? "kept" : share === 0 ? "divided" : "between"]++
    })
    expect(counts).toEqual({ kept: 29, between: 6, divided: 29 })
  })
})

describe("tables", () => {
  test("hold cosine and sine of position times frequency", () => {
    const { cos, sin } = rotaryTables({ type: "default", theta: 100 }, { width: 4, nPositions: 50 })
    const angles = Array.from({ length: 100 }, (_, k) => Math.floor(k / 2) * (k % 2 ? 0.1 : 1))
    // Angles up to 49, rounded to float32: 2 · 10⁻⁶ of a turn.
    expect(maxAbsDifference(cos, angles.map(Math.cos))).toBeLessThanOrEqual(4e-6)
    expect(maxAbsDifference(sin, angles.map(Math.sin))).toBeLessThanOrEqual(4e-6)
  })

  // Hugging Face multiplies in float32: at large positions the exact product would give other cosines.
  test("round the angle to float32 as the checkpoints' own code does", () => {
    const nPositions = 100_001
    const { cos } = rotaryTables(llama31, { width: 128, nPositions })
    const frequency = inverseFrequencies(llama31, 128)[1]!
    const found = cos[100_000 * 64 + 1]!
    expect(found).toBe(Math.fround(Math.cos(Math.fround(100_000 * frequency))))
    expect(found).not.toBe(Math.fround(Math.cos(100_000 * frequency)))
  })
})

describe("readRope", () => {
  const read = (fields: Record<string, unknown>): Rope =>
    readRope(new ConfigFields("config.json", fields), { contextLength: 77, width: 4 })
  const fields = {
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  }

  test.each([
    ["nothing", {}, { type: "default", theta: 10_000 }],
    ["a base alone", { rope_theta: 5 }, { type: "default", theta: 5 }],
    ["no scaling", { rope_scaling: null, rope_theta: 5 }, { type: "default", theta: 5 }],
    ["the default by name", { rope_scaling: { rope_type: "default" } }, { type: "default", theta: 10_000 }],
    [
      "linear, the old spelling",
      { rope_scaling: { type: "linear", factor: 2 } },
      { type: "linear", theta: 10_000, factor: 2 },
    ],
    [
      "linear",
      { rope_theta: 5, rope_scaling: { rope_type: "linear", factor: 2 } },
      { type: "linear", theta: 5, factor: 2 },
    ],
    ["llama3", { rope_theta: 500_000, rope_scaling: { rope_type: "llama3", ...fields } }, llama31],
    [
      "the newer spelling, base included",
      { rope_parameters: { rope_type: "llama3", rope_theta: 500_000, ...fields } },
      llama31,
    ],
  ])("understands %s", (_, given, expected) => {
    expect(read(given)).toEqual(expected)
  })

  test("takes the context for the original one where llama3 does not say", () => {
    const { original_max_position_embeddings: _, ...others } = fields
    expect(read({ rope_scaling: { rope_type: "llama3", ...others } })).toMatchObject({
      originalContextLength: 77,
    })
  })

  test.each([
    [
      { rope_type: "ntk" },
      'config.json: rope_scaling: rope_type: expected one of default, linear, llama3, yarn, dynamic, longrope, got "ntk"',
    ],
    [{ rope_type: "linear" }, "config.json: rope_scaling: factor: expected a positive number, got nothing"],
    [
      { rope_type: "llama3", factor: 8 },
      "config.json: rope_scaling: low_freq_factor: expected a positive number, got nothing",
    ],
    [{ rope_type: 3 }, "config.json: rope_scaling: rope_type: expected a string, got 3"],
  ])("of %j says what was expected", (scaling, message) => {
    expect(() => read({ rope_scaling: scaling })).toThrow(message)
  })
})

// The figures of the GENIES release, recomputed from its per-pair probabilities: three files and one comparison
// from test/golden/ always, all files where the shared folder is present.

import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { pairAccuracy } from "../../src/metrics/accuracy.ts"
import { brierScore, rmsCalibrationErrorGenies2023 } from "../../src/metrics/calibration.ts"
import { bootstrapMean } from "../../src/metrics/intervals.ts"
import { leaveOneOutRange } from "../../src/metrics/leave-one-out.ts"
import { signFlipTest } from "../../src/metrics/sign-flip.ts"
import golden from "../golden/metrics-published.json" with { type: "json" }
import { hasShared, needsShared, shared } from "../support/shared.ts"

/**
 * The release's accuracy: argmax over (p of the better response, p of the other one), where a tie goes to the first.
 * It shows in LoRA's and prompt tuning's files, whose probabilities are of 16 bits: 82 of their 288 files hold ties.
 * All others (probes, few-shot, zero-shot) hold none, so that any rule gives their figure.
 */
function publishedAccuracy(probabilities: readonly number[]): number {
  return probabilities.filter((p) => p >= 0.5).length / probabilities.length
}

const margins = (probabilities: readonly number[]): number[] => probabilities.map((p) => p - 0.5)
const ties = (probabilities: readonly number[]): number => probabilities.filter((p) => p === 0.5).length

// Reward models average (1 - p)² in 16 bits (3e-4), language models in 32 (1e-7), probes in 64 (1e-12).
const brierTolerance: Readonly<Record<string, number>> = {
  lora_fine_tuning: 3e-4,
  prompt_tuning: 3e-4,
  few_shot: 1e-7,
  zero_shot: 1e-7,
  cra: 1e-12,
  lat_stim_1: 1e-12,
  lat_stim_2: 1e-12,
  mms: 1e-12,
}

test.each(golden.evaluations)("the stored figures of $file are those of its probabilities", (stored) => {
  const tolerance = brierTolerance[stored.file.split("/")[0]!]!
  expect(publishedAccuracy(stored.probabilities)).toBeCloseTo(stored.accuracy, 12)
  expect(rmsCalibrationErrorGenies2023(stored.probabilities)).toBeCloseTo(stored.rmsCalibrationError2023, 12)
  expect(Math.abs(brierScore(stored.probabilities) - stored.brierScore)).toBeLessThan(tolerance)
})

test("a tie is worth half a pair less here than in the release", () => {
  for (const { probabilities, accuracy } of golden.evaluations) {
    const expected = accuracy - ties(probabilities) / 2 / probabilities.length
    expect(pairAccuracy(margins(probabilities))).toBeCloseTo(expected, 12)
  }
})

describe("MMS - LoRA of LLaMA-30B on GENIES-15, corrected labels", () => {
  const differences = golden.mmsMinusLora.map(({ difference }) => difference)

  test("is 7.9 points with an exact sign-flip p of .09, 9 wins and 4.0 points without alpaca_long", () => {
    const { mean, p, method } = signFlipTest(differences)
    expect(mean).toBeCloseTo(0.0791, 4)
    expect(method).toBe("exact")
    expect(p).toBe(2966 / 2 ** 15) // .0905; counted by a loop over all patterns in Python
    expect(differences.filter((difference) => difference > 0)).toHaveLength(9)
    const range = leaveOneOutRange(differences)
    expect(golden.mmsMinusLora[range.lowWithout]!.target).toBe("alpaca_long")
    expect(range.low).toBeCloseTo(0.0404, 4)
  })

  test("has the known interval over shifts drawn singly, a wider one over sources", () => {
    const single = bootstrapMean(
      differences,
      differences.map((_, i) => i),
      { nResamples: 20_000 },
    )
    // Known: [0.3, 18.1] points, of another generator: half a point for the spread of a percentile of 2000 resamples.
    expect(Math.abs(single.low - 0.003)).toBeLessThan(0.005)
    expect(Math.abs(single.high - 0.181)).toBeLessThan(0.005)
    const sources = golden.mmsMinusLora.map(({ source }) => source)
    const bySource = bootstrapMean(differences, sources, { minClusters: 1 })
    expect(bySource).toMatchObject({ unit: "cluster", nItems: 15, nClusters: 8 })
    expect(bySource.high - bySource.low).toBeGreaterThan(1.1 * (single.high - single.low))
  })
})

interface Evaluation {
  readonly eval_accuracy: number
  readonly eval_brier_score: number
  readonly eval_rms_calibration_error?: number
  readonly eval_probabilities: readonly number[]
}

// Evaluations with probabilities, and those of them with ties. Six of LoRA's lie one folder deeper than the others.
const counts = [
  { name: "lora_fine_tuning", evaluations: 176, withTies: 40 },
  { name: "prompt_tuning", evaluations: 112, withTies: 42 },
  { name: "few_shot", evaluations: 113, withTies: 0 },
  { name: "zero_shot", evaluations: 160, withTies: 0 },
  { name: "cra", evaluations: 113, withTies: 0 },
  { name: "lat_stim_1", evaluations: 112, withTies: 0 },
  { name: "lat_stim_2", evaluations: 112, withTies: 0 },
  { name: "mms", evaluations: 117, withTies: 0 },
]

function readEvaluations(name: string): Evaluation[] {
  const folder = shared("genies", "results", "evaluations", name)
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Evaluation)
}

function readTable(name: string): string[][] {
  const path = shared("genies", "results", "generalization_metrics", "llama-30b", name, "GENIES.csv")
  const [, ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/)
  return lines.map((line) => line.split(","))
}

describe.skipIf(!hasShared)(`the release${needsShared}`, () => {
  test.each(counts)("has in every evaluation of $name the figures of its probabilities", (known) => {
    // The largest deviations; NaN would stay and fail the comparisons below.
    let [accuracy, halfTies, brier, calibration] = [0, 0, 0, 0]
    let [nCalibrations, nWithTies] = [0, 0]
    const evaluations = readEvaluations(known.name)
    for (const stored of evaluations) {
      const probabilities = stored.eval_probabilities
      const half = ties(probabilities) / 2 / probabilities.length
      if (half > 0) nWithTies++
      accuracy = Math.max(accuracy, Math.abs(publishedAccuracy(probabilities) - stored.eval_accuracy))
      halfTies = Math.max(
        halfTies,
        Math.abs(pairAccuracy(margins(probabilities)) + half - stored.eval_accuracy),
      )
      brier = Math.max(brier, Math.abs(brierScore(probabilities) - stored.eval_brier_score))
      if (stored.eval_rms_calibration_error === undefined) continue
      nCalibrations++
      const figure = rmsCalibrationErrorGenies2023(probabilities) ?? Number.NaN
      calibration = Math.max(calibration, Math.abs(figure - stored.eval_rms_calibration_error))
    }
    expect(evaluations).toHaveLength(known.evaluations)
    expect(nWithTies).toBe(known.withTies)
    expect(nCalibrations).toBe(56)
    expect(accuracy).toBeLessThan(1e-12)
    expect(halfTies).toBeLessThan(1e-12)
    expect(brier).toBeLessThan(brierTolerance[known.name]!)
    expect(calibration).toBeLessThan(1e-12)
  })

  test("has the comparison of MMS and LoRA that test/golden holds", () => {
    const lora = new Map(readTable("lora_fine_tuning").map((row) => [`${row[0]} ${row[1]}`, Number(row[10])]))
    const inverted = new Set(["reward_seeking", "survival_influence"])
    const differences = readTable("mms").map(([source = "", target = "", ...rest]) => {
      const difference = Number(rest[8]) - lora.get(`${source} ${target}`)!
      return { source, target, difference: inverted.has(target) ? -difference : difference }
    })
    expect(differences).toEqual(golden.mmsMinusLora)
  })
})

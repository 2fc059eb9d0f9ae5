import { expect, test } from "vitest"
import {
  brierScore,
  rmsCalibrationError,
  rmsCalibrationErrorGenies2023,
} from "../../src/metrics/calibration.ts"
import { random } from "../../src/base/random.ts"

const repeat = (times: number, value: number): number[] => Array.from({ length: times }, () => value)

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit))

test("the Brier score is 0 for certainty, 1/4 for a coin, 1 for certain error", () => {
  expect(brierScore([1, 1])).toBe(0)
  expect(brierScore(repeat(7, 0.5))).toBe(0.25)
  expect(brierScore([0, 0])).toBe(1)
  expect(brierScore([0.9, 0.6])).toBeCloseTo((0.01 + 0.16) / 2, 15)
})

test("probabilities that are right as often as they say have no calibration error", () => {
  expect(rmsCalibrationError([...repeat(80, 0.8), ...repeat(20, 1 - 0.8)])).toBeCloseTo(0, 12)
  expect(rmsCalibrationError(repeat(9, 0.5))).toBe(0)
  expect(rmsCalibrationError(repeat(9, 1))).toBe(0)
})

test("the calibration error has its closed form where all pairs share a probability", () => {
  for (const p of [0.02, 0.35, 0.61, 0.95]) expect(rmsCalibrationError(repeat(11, p))).toBeCloseTo(1 - p, 12)
  expect(rmsCalibrationError(repeat(5, 0))).toBe(1)
})

test("bins are weighted by their size and compared with their own frequency", () => {
  // 30 pairs at .95 (error .05) and 10 at .65 (error .35), each bin with its mirror image.
  const expected = Math.sqrt((30 * 0.05 ** 2 + 10 * 0.35 ** 2) / 40)
  expect(rmsCalibrationError([...repeat(30, 0.95), ...repeat(10, 0.65)])).toBeCloseTo(expected, 12)
})

test("the last bin is closed at 1 and the lower edge of a bin belongs to it", () => {
  // .95 and 1 share a bin: mean .975, all right; 0 and .05 mirror it.
  expect(rmsCalibrationError([0.95, 1])).toBeCloseTo(0.025, 12)
  // two bins: [.25, .5) holds .25 (wrong), [.75, 1] holds .75 (right); error .25 in each
  expect(rmsCalibrationError([0.75], { nBins: 4 })).toBeCloseTo(0.25, 12)
})

test("the calibration error does not depend on the order of the pairs", () => {
  const stream = random(6)
  const probabilities = Array.from({ length: 300 }, () => stream.uniform())
  const shuffled = stream.shuffle([...probabilities])
  expect(rmsCalibrationError(shuffled)).toBeCloseTo(rmsCalibrationError(probabilities), 12)
})

test("sampled outcomes of known probabilities have a small calibration error, overconfident ones a large one", () => {
  const stream = random(7)
  const logits = Array.from({ length: 20_000 }, () => 2 * stream.normal())
  // Orient each pair by a draw from its probability: p is then calibrated by construction.
  const oriented = logits.map((logit) => (stream.uniform() < sigmoid(logit) ? logit : -logit))
  // 0.02: 2000 pairs to a bin have a standard error of .011 at most.
  expect(rmsCalibrationError(oriented.map(sigmoid))).toBeLessThan(0.02)
  expect(rmsCalibrationError(oriented.map((logit) => sigmoid(4 * logit)))).toBeGreaterThan(0.1)
})

// CPython 3.11.7, NumPy 2.4.6; the calibration lines of compute_metrics in GENIES' src/api/evaluate.py, run on:
//   for ps in ([(i * i * 7 % 101) / 101 for i in range(100)], [(i * i * 7 % 101) / 101 for i in range(300)],
//              [(i % 21) / 20 for i in range(420)]):
//     print(compute_metrics(([(1 - p, p) for p in ps], [1] * len(ps)))["rms_calibration_error"])
const list = (length: number, p: (i: number) => number): number[] => Array.from({ length }, (_, i) => p(i))
test.each([
  {
    what: "three bins of five under 20",
    p: list(100, (i) => ((i * i * 7) % 101) / 101),
    figure: 0.09592968035396822,
  },
  { what: "all bins full", p: list(300, (i) => ((i * i * 7) % 101) / 101), figure: 0.2865852197893646 },
  { what: "every edge of a bin", p: list(420, (i) => (i % 21) / 20), figure: 0.28230855811703254 },
])("the 2023 figure equals that of GENIES' own code on a synthetic list with $what", ({ p, figure }) => {
  expect(rmsCalibrationErrorGenies2023(p)).toBeCloseTo(figure, 12)
})

test("the 2023 figure calls a perfect ranking badly calibrated: the flaw that it is kept with", () => {
  // All pairs right with p = .999: every bin's mean is far from the overall label mean of about a half.
  expect(rmsCalibrationErrorGenies2023(repeat(200, 0.999))).toBeGreaterThan(0.45)
  expect(rmsCalibrationError(repeat(200, 0.999))).toBeCloseTo(0.001, 12)
})

test("the 2023 figure drops a probability of exactly 1 and bins under 20", () => {
  // Seed 42 gives label 1 to 15 of the first 40 pairs (the numbers of python-random.test.ts). With p = 1 everywhere
  // those 15 are dropped and 25 zeros stay, compared with the label mean 15 / 40.
  expect(rmsCalibrationErrorGenies2023(repeat(40, 1))).toBeCloseTo(15 / 40, 12)
  expect(rmsCalibrationErrorGenies2023(repeat(19, 0.5))).toBeUndefined()
})

test("probabilities outside [0, 1], empty lists and bins that are no number are refused", () => {
  expect(() => brierScore([0.5, 1.01])).toThrow(
    "probabilities of pairs: expected probabilities in [0, 1], got 1.01 at index 1",
  )
  expect(() => rmsCalibrationError([Number.NaN])).toThrow(
    "probabilities of pairs: expected probabilities in [0, 1], got NaN at index 0",
  )
  expect(() => rmsCalibrationErrorGenies2023([])).toThrow(
    "probabilities of pairs: expected at least one value, got none",
  )
  expect(() => rmsCalibrationError([0.5], { nBins: Number.NaN })).toThrow(
    "nBins: expected an integer of at least 1, got NaN",
  )
})

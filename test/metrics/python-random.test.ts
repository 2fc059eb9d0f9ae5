import { expect, test } from "vitest"
import { pythonRandom } from "../../src/metrics/python-random.ts"

// CPython 3.11.7:
//   import random
//   for s in (0, 42, 2**40 + 7):
//     random.seed(s); print([random.random() for _ in range(3)])
//     random.seed(s); print("".join(str(random.choice([0, 1])) for _ in range(64)))
//     random.seed(s); print([random.choice(range(5)) for _ in range(12)])
//     random.seed(s); print([random.random() for _ in range(1000)][-1])
const cpython = [
  {
    seed: 0,
    uniforms: [0.8444218515250481, 0.7579544029403025, 0.420571580830845],
    bits: "1101111110010010100110111011100010110100000100110110101101101000",
    fives: [3, 3, 0, 2, 4, 3, 3, 2, 3, 2, 4, 1],
    thousandth: 0.4804125346981437,
  },
  {
    seed: 42,
    uniforms: [0.6394267984578837, 0.025010755222666936, 0.27502931836911926],
    bits: "0010000010000000101100111001001011101010110000100011110110100001",
    fives: [0, 0, 2, 1, 1, 1, 0, 4, 0, 4, 3, 0],
    thousandth: 0.8554501933059546,
  },
  {
    seed: 2 ** 40 + 7,
    uniforms: [0.6137037779936511, 0.8149162973309487, 0.9450115087592873],
    bits: "1101111110100001010000011101111101000100110011110100010011110110",
    fives: [4, 4, 3, 2, 4, 1, 4, 3, 4, 2, 3, 3],
    thousandth: 0.07764916333699712,
  },
]

test.each(cpython)("random() gives CPython's numbers for seed $seed, also past a regeneration", (golden) => {
  const python = pythonRandom(golden.seed)
  const drawn = Array.from({ length: 1000 }, () => python.random())
  expect(drawn.slice(0, 3)).toEqual(golden.uniforms)
  expect(drawn[999]).toBe(golden.thousandth)
})

test.each(cpython)("choice() gives CPython's picks for seed $seed", ({ seed, bits, fives }) => {
  const ofTwo = pythonRandom(seed)
  expect(Array.from({ length: 64 }, () => ofTwo.choice([0, 1])).join("")).toBe(bits)
  const ofFive = pythonRandom(seed)
  expect(Array.from({ length: 12 }, () => ofFive.choice([0, 1, 2, 3, 4]))).toEqual(fives)
})

test("a negative seed gives the numbers of its absolute value, as in Python", () => {
  expect(pythonRandom(-42).random()).toBe(pythonRandom(42).random())
})

test("a seed that is no integer and a choice among nothing are refused", () => {
  expect(() => pythonRandom(Number.NaN)).toThrow("seed: expected an integer, got NaN")
  expect(() => pythonRandom(1).choice([])).toThrow(
    "choice: number of items: expected an integer of at least 1, got 0",
  )
})

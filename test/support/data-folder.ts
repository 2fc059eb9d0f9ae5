// A data folder of the test's own, in the GENIES format.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { random } from "../../src/base/random.ts"

export interface Item {
  readonly prompt: string
  readonly responses: Readonly<Record<string, number>>
}

/** Writes distributions/<id>/{train,test}.json below a folder and returns the folder. */
export function writeDistribution(
  folder: string,
  id: string,
  splits: { readonly train?: unknown; readonly test?: unknown },
): string {
  const place = join(folder, "distributions", id)
  mkdirSync(place, { recursive: true })
  for (const [split, content] of Object.entries(splits)) {
    const text = typeof content === "string" ? content : JSON.stringify(content, null, 1)
    writeFileSync(join(place, `${split}.json`), text)
  }
  return folder
}

/** Sums, right and wrong: prompts of a dozen bytes, `nWorse` wrong answers each. */
export function sums(n: number, { seed = 0, nWorse = 2 }: { seed?: number; nWorse?: number } = {}): Item[] {
  const { integer } = random(seed, "sums")
  return Array.from({ length: n }, (_, i) => {
    const b = integer(90) + 10
    const right = i + b
    const wrong = Array.from({ length: nWorse }, (_, k) => [` ${right + 7 * (k + 1)}.`, 0] as const)
    return { prompt: `${i} + ${b} =`, responses: Object.fromEntries([[` ${right}.`, 1], ...wrong]) }
  })
}

/** The data folder of most tests: `sums` to fit on, `more` and `few` (its first test prompt is too long) to test on. */
export function writeSums(folder: string): string {
  writeDistribution(folder, "sums", { train: sums(30), test: sums(20, { seed: 1 }) })
  writeDistribution(folder, "more", { train: sums(12, { seed: 2 }), test: sums(16, { seed: 3 }) })
  const long: Item = { prompt: "one and ".repeat(60), responses: { " 60.": 1, " 1.": 0, " 2.": 0 } }
  writeDistribution(folder, "few", { test: [long, ...sums(8, { seed: 4 })] })
  return folder
}

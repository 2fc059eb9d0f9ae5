// litmus sweep from the command line.

import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { sums, writeDistribution } from "../support/data-folder.ts"
import { smallWorld, succeed } from "../support/small-world.ts"

const { root, data, inputs } = await smallWorld()

interface Sweep {
  readonly points: readonly { unit: string; source: { estimate: number; n: number } }[]
}

it("reads the same places of the truthfulness task as of the ranking, in other items", async () => {
  const sweep = async (...more: string[]): Promise<Sweep> => {
    const what = ["sweep", "--intervention", "mass-mean", "--source", "sums", "--json"]
    return JSON.parse((await succeed([...what, ...more, ...inputs])).stdout) as Sweep
  }
  const [ranking, truthfulness] = [await sweep(), await sweep("--task", "truthfulness")]
  const units = ({ points }: Sweep): string[] => points.map(({ unit }) => unit)
  expect(units(truthfulness)).toEqual(units(ranking))
  expect(truthfulness.points).not.toEqual(ranking.points)
})

it("marks the shifts of a source on which nothing can be fitted, and goes on with the others", async () => {
  writeDistribution(data, "one", { train: sums(1), test: sums(4) })
  const suite = join(root, "suite.json")
  const shifts = ["one", "sums"].map((source) => ({ source, target: "more" }))
  writeFileSync(suite, JSON.stringify(shifts))
  const what = ["sweep", "--suite", suite, "--intervention", "mass-mean", "--json"]
  const { sweeps, skipped } = JSON.parse((await succeed([...what, ...inputs])).stdout) as Record<
    "sweeps" | "skipped",
    unknown[]
  >
  expect(sweeps).toMatchObject([{ source: "sums", target: "more" }])
  expect(skipped).toMatchObject([
    {
      source: "one",
      target: "more",
      reason: expect.stringContaining("at least 2 distinct prompts") as string,
    },
  ])
})

it("shows intervals over prompts", async () => {
  const what = ["sweep", "--intervention", "mass-mean", "--source", "sums"]
  const { stdout } = await succeed([...what, ...inputs])
  expect(stdout).toMatch(/ resid\.0 .* [\d.]+ – [\d.]+ /)
  expect(stdout).not.toContain("*")
})

// litmus sweep from the command line.

import { expect, it } from "vitest"
import { smallWorld, succeed } from "../support/small-world.ts"

const { inputs } = await smallWorld()

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

// Pieces of work side by side, and what is left of them when one fails.

import { setTimeout as sleep } from "node:timers/promises"
import { expect, it } from "vitest"
import { inParallel } from "../../src/benchmark/run/in-parallel.ts"

it("after a failure waits for what runs, begins nothing more, and says the first error", async () => {
  const done: string[] = []
  const piece = (name: string, milliseconds: number, error?: Error) => async (): Promise<void> => {
    await sleep(milliseconds)
    if (error) throw error
    done.push(name)
  }
  const pieces = [
    piece("slow", 60),
    piece("fails", 5, new Error("first")),
    piece("fails later", 20, new Error("second")),
    piece("never", 0),
  ]
  await expect(inParallel(3, pieces)).rejects.toThrow("first")
  expect(done).toEqual(["slow"])
})

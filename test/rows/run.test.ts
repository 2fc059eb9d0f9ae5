// Running a plan: every sequence once, in packed rows, on one session that is always released.

import { expect, test } from "vitest"
import { planPacking } from "../../src/rows/packing.ts"
import { runRows, type RowSession } from "../../src/rows/run.ts"

const sequences = [
  [1, 2, 3],
  [4, 5],
  [1, 2, 4],
  [1, 2],
  [4, 5, 6, 7],
].map((tokens) => Int32Array.from(tokens))
// A row costs more than sharing nothing is worth: two tries begin with different tokens, and rows hold 5 tokens at most.
const plan = planPacking(sequences, { perRow: 1, perToken: 1, perPair: 0 }, { maxRowTokens: 5 })

function session(): RowSession & { released: number } {
  return {
    released: 0,
    async release() {
      this.released++
    },
  }
}

test("every sequence runs once, at the path that spells it", async () => {
  const opened = session()
  const seen = new Map<number, number[]>()
  let longest = 0
  await runRows(
    plan,
    async (longestRow) => {
      longest = longestRow
      return opened
    },
    async (on, row, inRow) => {
      expect(on).toBe(opened)
      expect(row.paths).toHaveLength(inRow.length)
      inRow.forEach((k, i) => {
        expect(seen.has(k)).toBe(false)
        seen.set(
          k,
          Array.from(row.paths[i]!, (place) => row.tokens[place]!),
        )
      })
    },
  )
  expect([...seen].sort(([a], [b]) => a - b).map(([, tokens]) => tokens)).toEqual(
    sequences.map((tokens) => [...tokens]),
  )
  expect(plan.rows.length).toBeGreaterThan(1)
  expect(longest).toBe(Math.max(...plan.rows.map(({ tokens }) => tokens)))
  expect(opened.released).toBe(1)
})

test("progress counts the tokens that run, from none to all", async () => {
  const counts: [number, number][] = []
  const onProgress = (done: number, total: number): number => counts.push([done, total])
  await runRows(
    plan,
    async () => session(),
    async () => {},
    { onProgress },
  )
  const total = plan.rows.reduce((sum, { tokens }) => sum + tokens, 0)
  expect(counts[0]).toEqual([0, total])
  expect(counts.at(-1)).toEqual([total, total])
  expect(counts).toHaveLength(plan.rows.length + 1)
})

test("the session is released where a row fails, and the failure comes out", async () => {
  const opened = session()
  const run = runRows(
    plan,
    async () => opened,
    async () => {
      throw new Error("out of memory")
    },
  )
  await expect(run).rejects.toThrow("out of memory")
  expect(opened.released).toBe(1)
})

test("no rows open no session", async () => {
  let opened = false
  const open = async (): Promise<RowSession> => {
    opened = true
    return session()
  }
  await runRows({ trie: plan.trie, rows: [] }, open, async () => {})
  expect(opened).toBe(false)
})

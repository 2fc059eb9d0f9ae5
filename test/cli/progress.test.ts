// What progress says where standard error is no terminal: one line for a task that is through.

import { afterEach, expect, it, vi } from "vitest"
import { terminalProgress } from "../../src/cli/progress.ts"
import type { Progress } from "../../src/base/progress.ts"

const written = vi.spyOn(process.stderr, "write").mockReturnValue(true)
afterEach(() => written.mockClear())

/** The lines that work leaves where standard error is no terminal. */
function linesOf(work: (progress: Progress) => void): string[] {
  const isTTY = process.stderr.isTTY
  process.stderr.isTTY = false
  try {
    work(terminalProgress({ quiet: false }))
  } finally {
    process.stderr.isTTY = isTTY
  }
  return written.mock.calls.map(([text]) => String(text))
}

it("of a longer task's short parts is silent, of its long ones and itself not", () => {
  vi.useFakeTimers({ toFake: ["performance"] })
  const lines = linesOf((progress) => {
    const whole = progress.task("benchmark", "fits")
    whole.update(0, 2)
    for (const [name, milliseconds] of [
      ["short", 900],
      ["long", 1100],
    ] as const) {
      const part = progress.task(name, "tokens")
      part.update(0, 10)
      vi.advanceTimersByTime(milliseconds)
      part.update(10, 10)
      part.end()
    }
    whole.update(2, 2)
    whole.end()
  })
  vi.useRealTimers()
  expect(lines.map((line) => line.split(" ")[0])).toEqual(["long", "benchmark"])
})

it.each([
  ["is through", 10, ["more train                  10 tokens in"]],
  ["has failed midway", 4, []],
  ["had nothing to do", undefined, []],
])("of a task that %s", (_which, done, expected) => {
  const lines = linesOf((progress) => {
    const task = progress.task("more train", "tokens")
    if (done !== undefined) task.update(done, 10)
    task.end()
  })
  expect(lines).toHaveLength(expected.length)
  for (const [i, begin] of expected.entries()) expect(lines[i]).toContain(begin)
})

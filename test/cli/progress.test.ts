// What progress says where standard error is no terminal: one line for a task that is through.

import { afterEach, expect, it, vi } from "vitest"
import { terminalProgress } from "../../src/cli/progress.ts"

const written = vi.spyOn(process.stderr, "write").mockReturnValue(true)
afterEach(() => written.mockClear())

it.each([
  ["is through", 10, ["more train                  10 tokens in"]],
  ["has failed midway", 4, []],
  ["had nothing to do", undefined, []],
])("of a task that %s", (_which, done, expected) => {
  const isTTY = process.stderr.isTTY
  process.stderr.isTTY = false
  try {
    const task = terminalProgress({ quiet: false }).task("more train", "tokens")
    if (done !== undefined) task.update(done, 10)
    task.end()
  } finally {
    process.stderr.isTTY = isTTY
  }
  const lines = written.mock.calls.map(([text]) => String(text))
  expect(lines).toHaveLength(expected.length)
  for (const [i, begin] of expected.entries()) expect(lines[i]).toContain(begin)
})

// A folder of the test's own, removed when the test file ends.

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "litmus-test-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

// Where the checkpoints, distributions and other people's numbers lie that are not part of this repository.
// Tests that need them are skipped, with this reason, where the folder is absent.

import { existsSync } from "node:fs"
import { join, resolve } from "node:path"

const root = resolve(process.env.LITMUS_SHARED ?? join(import.meta.dirname, "../../../shared"))

export const hasShared = existsSync(join(root, "golden", "README.md"))

/** To be appended to the name of a test or suite that is skipped without the shared folder. */
export const needsShared = hasShared ? "" : " (skipped: needs the shared folder; set LITMUS_SHARED to it)"

/** A path below the shared folder. */
export function shared(...parts: string[]): string {
  return join(root, ...parts)
}

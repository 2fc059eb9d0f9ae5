// What an activation cache holds, for comparison byte for byte.

import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { sha256 } from "../../src/base/files.ts"

/** Every file of a cache's activations with its checksum. */
export function cacheSnapshot(cache: string): Record<string, string> {
  const folder = join(cache, "activations")
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    files.sort().map((path) => [path.slice(folder.length), sha256(readFileSync(path))]),
  )
}

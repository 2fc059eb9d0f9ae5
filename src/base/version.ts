// Versions of this package and of those that it uses.

import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

/** Version of the package. */
export function packageVersion(): string {
  return versionOf("../../package.json", "../../../package.json")
}

/** The version of the first package.json among these that is there, by path or by package. */
export function versionOf(...paths: string[]): string {
  for (const path of paths) {
    try {
      return (require(path) as { version: string }).version
    } catch {
      // Sources and the built package lie at different depths; the next path may be the one.
    }
  }
  return "unknown"
}

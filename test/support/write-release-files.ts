// Writes the lists of the release's files that `litmus data pull` verifies against: paths, sizes and SHA-256, no content.
// Run from the repository root: npx tsx test/support/write-release-files.ts ../shared/genies

import { createHash } from "node:crypto"
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** The text of a JSON file that lists the files below some folders, a line for each. */
export function listingText(root: string, folders: readonly string[]): string {
  const blocks = folders.flatMap((folder) =>
    [
      folder,
      ...readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(
        (path) => `${folder}/${path}`,
      ),
    ]
      .filter((path) => statSync(join(root, path)).isDirectory())
      .sort()
      .flatMap((path) => {
        const files = readdirSync(join(root, path))
          .filter((file) => statSync(join(root, path, file)).isFile())
          .sort()
        const lines = files.map((file) => {
          const bytes = readFileSync(join(root, path, file))
          const hash = createHash("sha256").update(bytes).digest("base64url")
          return `  ${JSON.stringify(file)}: [${bytes.length}, ${JSON.stringify(hash)}]`
        })
        return lines.length > 0 ? [` ${JSON.stringify(path)}: {\n${lines.join(",\n")}\n }`] : []
      }),
  )
  return `{\n${blocks.join(",\n")}\n}\n`
}

/** The lists and the folders that they are of. */
export const listings = [
  { file: "src/data/release/data.json", folders: ["distribution_shifts", "distributions"] },
  { file: "src/data/release/results.json", folders: ["results"] },
] as const

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { file, folders } of listings) writeFileSync(file, listingText(process.argv[2]!, folders))
}

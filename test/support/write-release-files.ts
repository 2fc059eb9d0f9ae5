// Writes the lists of the release's files that `litmus data pull` verifies against: paths, sizes and SHA-256, no content.
// Run from the repository root: npx tsx test/support/write-release-files.ts ../shared/genies

import { createHash } from "node:crypto"
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const head = (what: string): string =>
  `// ${what}: names, sizes and SHA-256 in base64url, no content.
// A folder of the GENIES release (Joshuaclymer/GENIES, commit 31306c7), then a line for each of its files. Written by
// test/support/write-release-files.ts, read by src/data/release-files.ts.
`

/** The text of a module that lists the files below some folders. */
export function listingModule(
  root: string,
  { what, name, folders }: { what: string; name: string; folders: readonly string[] },
): string {
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
          return `${file} ${bytes.length} ${createHash("sha256").update(bytes).digest("base64url")}`
        })
        return lines.length > 0 ? [[path, ...lines].join("\n")] : []
      }),
  )
  return `${head(what)}\nexport const ${name} = \`\n${blocks.join("\n\n")}\n\`\n`
}

/** The modules and what they list. */
export const listings = [
  {
    file: "src/data/release-files-data.ts",
    what: "The distributions and shifts",
    name: "dataFiles",
    folders: ["distribution_shifts", "distributions"],
  },
  {
    file: "src/data/release-files-results.ts",
    what: "The results of LLaMA-30B and the tables of all models",
    name: "resultFiles",
    folders: ["results"],
  },
] as const

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const listing of listings) writeFileSync(listing.file, listingModule(process.argv[2]!, listing))
}

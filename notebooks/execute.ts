// npm run notebooks: runs every notebook, or those that are named, and keeps their outputs.

import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { writeFileAtomic } from "../src/base/files.ts"
import { notebookText, runNotebook } from "./kernel.ts"

const named = process.argv.slice(2)
const folder = import.meta.dirname
const names = (await readdir(folder)).filter((name) => name.endsWith(".ipynb")).sort()

for (const name of names) {
  if (named.length > 0 && !named.some((part) => name.includes(part))) continue
  const start = performance.now()
  const notebook = await runNotebook(join(folder, name))
  await writeFileAtomic(join(folder, name), notebookText(notebook))
  process.stdout.write(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
}

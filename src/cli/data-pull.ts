// litmus data pull: the GENIES release, every file verified.

import { Argument, type Command } from "commander"
import { geniesPlaces, pullFiles } from "../data/pull.ts"
import { releaseFiles } from "../data/release/files.ts"
import { unknownName } from "../base/errors.ts"
import { list, litmusCommand, printJson, progressOf, type CommonOptions } from "./common.ts"
import { thousands } from "./progress.ts"
import { plainText } from "./plain-text.ts"
import { wrap } from "./wrap.ts"

interface PullOptions extends Pick<CommonOptions, "json" | "quiet"> {
  readonly from?: string
  readonly distribution?: readonly string[]
  readonly results?: boolean
}

export function dataPullCommand(): Command {
  return litmusCommand(
    "pull",
    "Download the GENIES release and verify every file against checksums in the package.",
  )
    .addArgument(new Argument("<name>", "what to download").choices(["genies"]))
    .argument("<folder>", "data folder to put it in")
    .option("--distribution <names>", "only these distributions (and all shifts), separated by commas", list)
    .option("--results", "the published evaluations and tables too, for litmus import-results")
    .option("--from <place>", "address or folder that has the files (default: the repository on GitHub)")
    .option("--json", "print what was done as JSON")
    .option("--quiet", "no progress on standard error")
    .option("--debug", "show the stack of an error")
    .addHelpText("after", `\n${explanation}`)
    .action(runPull)
}

const explanation = `Fetches distributions/ and distribution_shifts/ as the repository Joshuaclymer/GENIES has them at
commit 31306c7: of every distribution train.json, test.json and metadata.json, 108 MB in all (and
14 MB with --results). The repository's other files (extra.json, copies, sweeps, code, and results
besides those of LLaMA-30B and the tables) are left out.

Files that are there are verified and not fetched again; a file that differs is not overwritten. A
pull that was cut off goes on: run the same command again. Without a network, or behind a proxy
that Node does not use, clone the repository elsewhere and give the clone: --from GENIES

Example:
  litmus data pull genies genies
  litmus data check genies`

async function runPull(_name: string, folder: string, options: PullOptions): Promise<void> {
  const { distribution: ids, results = false, from, json } = options
  const all = await releaseFiles({ results })
  const known = [...new Set(all.flatMap(({ path }) => idOf(path) ?? []))]
  for (const id of ids ?? []) if (!known.includes(id)) throw unknownName("distribution of GENIES", id, known)
  const files = ids ? all.filter(({ path }) => ids.includes(idOf(path) ?? ids[0]!)) : all
  const task = progressOf({ quiet: options.quiet === true }).task("genies", "bytes")
  let done = 0
  const report = await pullFiles(folder, files, {
    from: from === undefined ? geniesPlaces : [from],
    onProgress: (bytes, total) => task.update((done = bytes), total),
  }).finally(() => {
    // What a pull that failed says it fetched is what it fetched.
    if (done > 0) task.update(done, done)
    task.end()
  })
  if (json) {
    printJson({ folder, ...report })
    return
  }
  const { files: n, fetched, bytes } = report
  const line = `${thousands(n)} files of GENIES verified in ${folder}: ${thousands(fetched)} fetched (${(bytes / 1e6).toFixed(1)} MB), ${thousands(n - fetched)} were there`
  process.stdout.write(`${wrap(plainText(line), { indent: 2 })}\n`)
}

/** The distribution that a file is of; undefined for shifts and results. */
function idOf(path: string): string | undefined {
  const [top, id] = path.split("/")
  return top === "distributions" ? id : undefined
}

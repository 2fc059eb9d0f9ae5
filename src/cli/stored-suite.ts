// Which suite of a store is meant: the one that is named, otherwise genies where the store has results on it, otherwise
// the first that it has tables of, as litmus plot takes it.

import { openResults } from "../benchmark/store/results.ts"
import { readSuite, shiftKey, suiteNames, type View } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { listShifts } from "../report/shift-list.ts"

/** What `--suite` is, of the commands that show what a store says of one. */
export const storedSuiteHelp = `${suiteNames.join(", ")}, or a file of shifts, .json (default: genies, else the store's first)`

/**
 * The suite to show.
 *
 * @param folder - the store; undefined for published figures alone
 * @param suite - as it was asked for
 * @throws {LitmusError} naming the store's suites, if it has no result on this one
 */
export async function chooseSuite(
  folder: string | undefined,
  suite: string | undefined,
  { view, published = [] }: { view: View; published?: readonly string[] | undefined },
): Promise<string> {
  if (folder === undefined) return suite ?? "genies"
  const { shifts, suites } = await listShifts(await openResults(folder), { published: published.length > 0 })
  const names = suites.map(({ name }) => name)
  if (suite === undefined) {
    const known = names.find((name) => suiteNames.includes(name))
    if (known !== undefined) return known
    throw new LitmusError(
      `${folder}: expected --suite with a file of shifts: of the suites that come with Litmus it has none, but ${names.join(", ")}`,
    )
  }
  const there = new Set(shifts.map(shiftKey))
  if ((await readSuite(suite, view)).some((shift) => there.has(shiftKey(shift)))) return suite
  throw new LitmusError(
    `${folder}: no result on any shift of the suite ${suite} (it has results on ${names.join(", ")})`,
  )
}

// Which shifts and suites a store has results on. Labels and categories come from the suites that are known by name and
// from files of shifts.

import type { ResultStore } from "../benchmark/store/results.ts"
import {
  readShifts,
  readSuite,
  shiftKey,
  shiftsInView,
  suite,
  suiteNames,
  type Shift,
  type View,
} from "../data/index.ts"

/** A suite that has a table. */
export interface ListedSuite {
  readonly name: string
  /** Its shifts as a view lists them. */
  shifts(view: View): Promise<Shift[]>
}

export interface ShiftList {
  /** Every shift once, those of known suites first and in their order. */
  readonly shifts: readonly Shift[]
  readonly suites: readonly ListedSuite[]
}

/** The suites of GENIES that have a table of their own; its categories stand in the radar and the filters. */
const geniesSuites = ["genies", "extreme", "probing", "all"]

/**
 * Lists the shifts of a store.
 *
 * @param options.files - files of shifts, `.json`, that are suites besides
 * @param options.published - whether published tables are shown beside the store's, so that the suites of GENIES count
 */
export async function listShifts(
  store: ResultStore | undefined,
  { files = [], published = false }: { files?: readonly string[]; published?: boolean } = {},
): Promise<ShiftList> {
  const stored = store ? await storedShifts(store) : new Map<string, Shift[]>()
  const inFiles = new Map<string, Shift[]>()
  for (const file of files) inFiles.set(file, await readShifts(file))
  const known = suiteNames.flatMap((name) => suite(name))
  const described = byKey([...known, ...[...inFiles.values()].flat()])
  const present = byKey([...stored.values()].flat())
  if (published) for (const shift of suite("all")) present.set(shiftKey(shift), shift)
  const shifts = [
    ...[...described].flatMap(([key, shift]) => (present.has(key) ? [shift] : [])),
    ...[...present].flatMap(([key, shift]) => (described.has(key) ? [] : [shift])),
  ]
  const suites: ListedSuite[] = []
  for (const name of geniesSuites) {
    const isThere = suite(name).some((shift) => present.has(shiftKey(shift)))
    if (isThere) suites.push({ name, shifts: async (view) => suite(name, view) })
  }
  for (const [name, list] of [...stored].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (geniesSuites.includes(name)) continue
    const own = list.map((shift) => described.get(shiftKey(shift)) ?? shift)
    const isKnown = suiteNames.includes(name)
    suites.push({ name, shifts: async (view) => (isKnown ? suite(name, view) : shiftsInView(own, view)) })
  }
  for (const file of files) {
    const name = suiteNameOf(file)
    if (!suites.some((listed) => listed.name === name)) {
      suites.push({ name, shifts: (view) => readSuite(file, view) })
    }
  }
  return { shifts, suites }
}

/** The shifts of each suite that has tables, in the tables' order. */
async function storedShifts(store: ResultStore): Promise<Map<string, Shift[]>> {
  const found = new Map<string, Map<string, Shift>>()
  for (const model of await store.models()) {
    for (const intervention of await store.interventions(model)) {
      for (const name of await store.suites(model, intervention)) {
        const shifts = found.get(name) ?? new Map<string, Shift>()
        found.set(name, shifts)
        for (const { source, target, targetReference } of await store.suiteRows(model, intervention, name)) {
          const shift = { source, target, targetReference }
          shifts.set(shiftKey(shift), shift)
        }
      }
    }
  }
  return new Map([...found].map(([name, shifts]) => [name, [...shifts.values()]]))
}

function byKey(shifts: readonly Shift[]): Map<string, Shift> {
  const found = new Map<string, Shift>()
  for (const shift of shifts) if (!found.has(shiftKey(shift))) found.set(shiftKey(shift), shift)
  return found
}

function suiteNameOf(file: string): string {
  return file.replace(/^.*[/\\]/, "").replace(/\.json$/, "")
}

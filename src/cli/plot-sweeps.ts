// Which of a store's sweeps litmus plot layers draws: they have numbers, and names by which one finds the number.

import { LitmusError, unknownName } from "../base/errors.ts"
import type { SweepEntry } from "../report/site-data.ts"
import { plainText } from "./plain-text.ts"
import { renderTable } from "./table.ts"

/** What is asked of a sweep. */
export interface SweepChoice {
  readonly sweep?: number | "list"
  readonly model?: readonly string[]
  readonly intervention?: readonly string[]
  readonly source?: string
  readonly target?: string
}

/** A sweep with its place among all that the store has. */
interface NumberedSweep {
  readonly number: number
  readonly entry: SweepEntry
}

/**
 * The number of the sweep to draw: the one that is asked for, or the first that matches.
 *
 * @throws {LitmusError} naming those there are, if there is none
 */
export function chooseSweep(sweeps: readonly SweepEntry[], choice: SweepChoice): number {
  const { sweep } = choice
  const matching = matchingSweeps(sweeps, choice)
  const chosen = sweep === undefined ? matching[0] : matching.find(({ number }) => number === sweep)
  if (chosen) return chosen.number
  const some = matching.slice(0, maxNamed).map(({ number, entry }) => `${number} (${describe(entry)})`)
  const more = matching.length > maxNamed ? ", … (--sweep list shows all)" : ""
  throw new LitmusError(`--sweep ${sweep}: expected one of ${some.join(", ")}${more}`)
}

const maxNamed = 8

/** The sweeps that match as a table with their numbers. */
export function listSweeps(sweeps: readonly SweepEntry[], choice: SweepChoice): string {
  const rows = matchingSweeps(sweeps, choice).map(({ number, entry }) => [
    `${number}`,
    entry.model,
    entry.probe,
    shiftOf(entry),
    placesOf(entry),
  ])
  return `${renderTable(["sweep", "model", "intervention", "source → target", "places"], rows)}\n`
}

/** @throws {LitmusError} if there is none, or a name is that of none */
function matchingSweeps(
  sweeps: readonly SweepEntry[],
  { model, intervention, source, target }: SweepChoice,
): NumberedSweep[] {
  if (sweeps.length === 0) {
    throw new LitmusError("layers: the store has 0 sweeps (litmus sweep --results adds one)")
  }
  const asked: [string, readonly string[] | undefined, (entry: SweepEntry) => string | undefined][] = [
    ["model", model, (entry) => entry.model],
    ["intervention", intervention, (entry) => entry.probe],
    ["source", source === undefined ? undefined : [source], (entry) => entry.source],
    ["target", target === undefined ? undefined : [target], (entry) => entry.target],
  ]
  return asked.reduce<NumberedSweep[]>(
    (left, [kind, names, nameOf]) => {
      if (!names) return left
      const known = [...new Set(left.flatMap(({ entry }) => nameOf(entry) ?? []))]
      const unknown = names.find((name) => !known.includes(name))
      if (unknown !== undefined) throw unknownName(`${kind} of a sweep`, unknown, known)
      return left.filter(({ entry }) => names.includes(nameOf(entry) ?? ""))
    },
    sweeps.map((entry, number) => ({ number, entry })),
  )
}

function describe(entry: SweepEntry): string {
  return plainText(`${entry.probe}, ${shiftOf(entry)}`)
}

function shiftOf({ source, target }: SweepEntry): string {
  return target === undefined ? source : `${source} → ${target}`
}

function placesOf({ points }: SweepEntry): string {
  const [first, last] = [points[0]?.unit ?? "", points.at(-1)?.unit ?? ""]
  return first === last ? first : `${first} … ${last}`
}

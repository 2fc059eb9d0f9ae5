// Pairs of one's own → examples. Lines of one prompt and one better response become one example with several worse
// ones; a line may also hold a whole example, as the files of GENIES do.

import { LitmusError } from "../errors.ts"
import { describeJson, excerpt, type Json } from "../ordered-json.ts"
import { parseExample, type Example, type Response } from "./distribution.ts"
import { readRecords, type FileRecord } from "./records.ts"

/** What a file holds. */
export interface ImportedPairs {
  /** Numbered from 0, in the order in which they begin in the file. */
  readonly examples: readonly Example[]
  readonly records: number
  /** Lines that say again what a line before them says. */
  readonly repeated: number
  /** Columns that were not read. */
  readonly ignored: readonly string[]
}

const names = { better: ["better", "chosen"], worse: ["worse", "rejected"] } as const
const known: readonly string[] = ["prompt", "responses", ...names.better, ...names.worse]

/**
 * Reads pairs from a file of JSON lines, CSV or TSV.
 *
 * Columns: `prompt`, `better` (or `chosen`) and `worse` (or `rejected`); JSON lines may instead have `prompt` and
 * `responses`, an object {text: 0 or 1}. Other columns are passed over.
 *
 * @throws {LitmusError} naming the file and the line, if anything is missing or not as it should be
 */
export async function importPairs(path: string): Promise<ImportedPairs> {
  const records = await readRecords(path)
  const ignored = new Set<string>()
  const groups = new Map<string, { prompt: string; responses: Response[] }>()
  let repeated = 0
  for (const [i, record] of records.entries()) {
    for (const name of record.fields.keys()) if (!known.includes(name)) ignored.add(name)
    if (record.fields.has("responses")) {
      const { prompt, responses } = wholeExample(record)
      groups.set(`${i}`, { prompt, responses: [...responses] })
      continue
    }
    const { prompt, better, worse } = pairOf(record)
    const key = JSON.stringify([prompt, better])
    const group = groups.get(key) ?? { prompt, responses: [{ text: better, label: 1 }] }
    groups.set(key, group)
    if (group.responses.some(({ text }) => text === worse)) repeated++
    else group.responses.push({ text: worse, label: 0 })
  }
  const examples = Array.from(groups.values(), (group, index) => ({ index, ...group }))
  return { examples, records: records.length, repeated, ignored: [...ignored] }
}

function wholeExample({ where, fields }: FileRecord): Example {
  const pair = [...names.better, ...names.worse].find((name) => fields.has(name))
  if (pair !== undefined) throw new LitmusError(`${where}: expected responses or ${pair}, got both`)
  textOf(fields.get("prompt"), `${where}: prompt`)
  return parseExample(new Map(fields), 0, where)
}

function pairOf({ where, fields }: FileRecord): { prompt: string; better: string; worse: string } {
  const read = (choices: readonly string[]): string => {
    const [found, another] = choices.filter((name) => fields.has(name))
    if (another !== undefined) throw new LitmusError(`${where}: expected ${choices.join(" or ")}, got both`)
    if (found !== undefined) return textOf(fields.get(found), `${where}: ${found}`)
    const got = [...fields.keys()].map((name) => excerpt(name)).join(", ")
    throw new LitmusError(`${where}: expected ${choices.join(" or ")}, got ${got || "nothing"}`)
  }
  const prompt = read(["prompt"])
  const better = read(names.better)
  const worse = read(names.worse)
  if (better === worse) throw new LitmusError(`${where}: expected two different responses, got one twice`)
  return { prompt, better, worse }
}

function textOf(value: Json | undefined, what: string): string {
  if (typeof value === "string" && value !== "") return value
  throw new LitmusError(
    `${what}: expected a text, got ${value === "" ? "an empty one" : describeJson(value)}`,
  )
}

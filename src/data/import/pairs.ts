// Pairs of one's own → examples. Lines of one prompt and one better response become one example with several worse
// ones; a line may also hold a whole example, as the files of GENIES do. The shapes of a line: shapes.ts.

import { LitmusError } from "../../base/errors.ts"
import type { Json } from "../../base/json.ts"
import { conversation, parseExample, type Example, type Response } from "../distribution.ts"
import { readRecords, type FileRecord } from "./records.ts"
import { knownColumns, pairColumns, pairOf, requireText, type PreferencePair } from "./shapes.ts"

/** What a file holds. */
export interface ImportedPairs {
  /** Numbered from 0, in the order in which they begin in the file. */
  readonly examples: readonly Example[]
  readonly records: number
  /** Lines that say again what a line before them says. */
  readonly repeated: number
  /** Lines that prefer neither response: the two are the same, or have the same score. They are left out. */
  readonly ties: number
  /** Lines whose two responses another line of the same prompt has the other way round. They are kept. */
  readonly contradicted: number
  /** Columns that were not read. */
  readonly ignored: readonly string[]
}

/**
 * Reads pairs from a file of JSON lines, CSV or TSV.
 *
 * Columns: `prompt`, `better` (or `chosen`) and `worse` (or `rejected`). In JSON lines the three may be lists of
 * messages, `{role, content}`; without `prompt`, what both responses begin with is the prompt (TRL's implicit prompts,
 * transcripts of HH-RLHF). Equal `score_chosen` and `score_rejected` are a tie. JSON lines may instead have `prompt` and
 * `responses`, an object {text: 0 or 1}. Other columns are ignored, and named.
 *
 * @throws {LitmusError} naming the file and the line, if anything is missing or not as it should be, or all are ties
 */
export async function importPairs(path: string): Promise<ImportedPairs> {
  const records = await readRecords(path)
  const ignored = new Set<string>()
  const groups = new Map<string, { of: Omit<Example, "index" | "responses">; responses: Response[] }>()
  const directions = new Map<string, Set<string>>()
  const orders: { unordered: string; ordered: string }[] = []
  const counts = { repeated: 0, ties: 0 }
  for (const [i, record] of records.entries()) {
    for (const name of record.fields.keys()) if (!knownColumns.includes(name)) ignored.add(name)
    if (record.fields.has("responses")) {
      const { index: _, responses, ...of } = wholeExample(record)
      groups.set(`${i}`, { of, responses: [...responses] })
      continue
    }
    const pair = pairOf(record)
    if (pair.tie) {
      counts.ties++
      continue
    }
    const { better, worse } = pair
    const key = promptKey(pair)
    const ordered = JSON.stringify([key, better, worse])
    const unordered = JSON.stringify([key, ...[better, worse].sort()])
    orders.push({ unordered, ordered })
    directions.set(unordered, (directions.get(unordered) ?? new Set()).add(ordered))
    const groupKey = JSON.stringify([key, better])
    const group = groups.get(groupKey) ?? { of: promptOf(pair), responses: [{ text: better, label: 1 }] }
    groups.set(groupKey, group)
    if (group.responses.some(({ text }) => text === worse)) counts.repeated++
    else group.responses.push({ text: worse, label: 0 })
  }
  if (groups.size === 0)
    throw new LitmusError(`${path}: expected pairs, got ${counts.ties} ties and nothing else`)
  const examples = Array.from(groups.values(), ({ of, responses }, index): Example => ({
    index,
    ...of,
    responses,
  }))
  const contradicted = orders.filter(({ unordered }) => directions.get(unordered)!.size > 1).length
  return { examples, records: records.length, ...counts, contradicted, ignored: [...ignored] }
}

function promptKey({ prompt }: PreferencePair): string {
  return JSON.stringify(prompt)
}

function promptOf({ prompt }: PreferencePair): Omit<Example, "index" | "responses"> {
  return typeof prompt === "string" ? { prompt } : conversation(prompt)
}

function wholeExample({ where, fields }: FileRecord): Example {
  const pair = pairColumns.find((name) => fields.has(name))
  if (pair !== undefined) throw new LitmusError(`${where}: expected responses or ${pair}, got both`)
  const prompt: Json | undefined = fields.get("prompt")
  if (!Array.isArray(prompt)) requireText(prompt, `${where}: prompt`)
  return parseExample(new Map(fields), 0, where)
}

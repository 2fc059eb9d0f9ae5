// The shapes in which files hold a preference: three columns of text, TRL's lists of messages, and pairs whose common
// beginning is the prompt. Source of the shapes: https://huggingface.co/docs/trl/dataset_formats

import { commonMessages, isConversation, parseMessages, type Message } from "../../chat/messages.ts"
import { LitmusError } from "../../base/errors.ts"
import { describeJson, excerpt, type Json } from "../../base/json.ts"
import { commonPrefix } from "../conversations.ts"
import type { FileRecord } from "./records.ts"

/** A prompt and two responses, of which the first is preferred unless it is a tie. */
export interface PreferencePair {
  readonly prompt: string | readonly Message[]
  readonly better: string
  readonly worse: string
  readonly tie: boolean
}

const names = { better: ["better", "chosen"], worse: ["worse", "rejected"] } as const
const scores = ["score_chosen", "score_rejected"] as const

/** The columns that hold responses, one each. */
export const pairColumns: readonly string[] = [...names.better, ...names.worse]
/** Every column that is read. */
export const knownColumns: readonly string[] = ["prompt", "responses", ...pairColumns, ...scores]

/**
 * Reads a record that holds one pair.
 *
 * @throws {LitmusError} naming the line and the column
 */
export function pairOf(record: FileRecord): PreferencePair {
  const { where, fields } = record
  const better = columnOf(record, names.better)
  const worse = columnOf(record, names.worse)
  const scored = scores.map((name) => fields.get(name))
  const equalScores = scored[0] !== undefined && scored[0] !== null && scored[0] === scored[1]
  const lists = [better.value, worse.value].filter(isConversation).length
  if (lists === 1) {
    throw new LitmusError(
      `${where}: expected ${better.name} and ${worse.name} of one kind, got a text and a list`,
    )
  }
  const pair = lists === 2 ? messagePair(record, better, worse) : textPair(record, better, worse)
  return { ...pair, tie: equalScores || pair.better === pair.worse }
}

interface Column {
  readonly name: string
  readonly value: Json
}

function columnOf({ where, fields }: FileRecord, choices: readonly string[]): Column {
  const [name, another] = choices.filter((choice) => fields.has(choice))
  if (another !== undefined) throw new LitmusError(`${where}: expected ${choices.join(" or ")}, got both`)
  if (name !== undefined) return { name, value: fields.get(name)! }
  throw missingColumn(where, fields, choices.join(" or "))
}

function missingColumn(where: string, fields: FileRecord["fields"], expected: string): LitmusError {
  const got = [...fields.keys()].map((key) => excerpt(key)).join(", ")
  return new LitmusError(`${where}: expected ${expected}, got ${got || "nothing"}`)
}

type Read = Omit<PreferencePair, "tie">

function textPair({ where, fields }: FileRecord, better: Column, worse: Column): Read {
  const prompt = fields.get("prompt")
  const texts = {
    better: requireText(better.value, `${where}: ${better.name}`),
    worse: requireText(worse.value, `${where}: ${worse.name}`),
  }
  if (isConversation(prompt)) {
    return { prompt: userLast(parseMessages(prompt, `${where}: prompt`), where), ...texts }
  }
  if (prompt !== undefined) return { prompt: requireText(prompt, `${where}: prompt`), ...texts }
  // Only in TRL's spelling, so that a misspelt column is not taken for a missing one.
  const begin =
    better.name === "chosen" && worse.name === "rejected" ? implicitPrompt(texts.better, texts.worse) : ""
  if (begin === "") throw missingColumn(where, fields, "prompt")
  if (texts.better === texts.worse) return { prompt: begin, ...texts }
  const rest = (text: string, { name }: Column): string =>
    requireText(text.slice(begin.length), `${where}: ${name} after the prompt that both have`)
  return { prompt: begin, better: rest(texts.better, better), worse: rest(texts.worse, worse) }
}

/** Where HH-RLHF's transcripts begin a turn of the assistant; the space after it is the response's. */
const assistantTurn = "\n\nAssistant:"

/**
 * What both texts begin with. Of a transcript it ends with the last `Assistant:` that both have; otherwise before the
 * white space that both have last, so that a word that begins alike is not cut in two.
 */
function implicitPrompt(better: string, worse: string): string {
  const common = commonPrefix(better, worse)
  const turn = common.lastIndexOf(assistantTurn)
  if (turn >= 0) return common.slice(0, turn + assistantTurn.length)
  return /^[^]*\S(?=\s)/.exec(common)?.[0] ?? ""
}

function messagePair({ where, fields }: FileRecord, better: Column, worse: Column): Read {
  const prompt = fields.get("prompt")
  const chosen = parseMessages(better.value, `${where}: ${better.name}`)
  const rejected = parseMessages(worse.value, `${where}: ${worse.name}`)
  const pair = (messages: readonly Message[], from: number): Read => ({
    prompt: userLast(messages, where),
    better: answer(chosen.slice(from), `${where}: ${better.name}`),
    worse: answer(rejected.slice(from), `${where}: ${worse.name}`),
  })
  if (isConversation(prompt)) return pair(parseMessages(prompt, `${where}: prompt`), 0)
  const common = Math.min(commonMessages(chosen, rejected), chosen.length - 1, rejected.length - 1)
  const shared = chosen.slice(0, common)
  if (prompt === undefined || prompt === null) return pair(shared, common)
  const text = requireText(prompt, `${where}: prompt`)
  if (shared.length === 0) return pair([{ role: "user", content: text }], 0)
  // Files that give the question twice, as UltraFeedback's do. One that differs is not understood.
  if (shared.some(({ content }) => content === text)) return pair(shared, common)
  throw new LitmusError(
    `${where}: prompt: expected a turn that both conversations have, got ${excerpt(text)}`,
  )
}

/** The text of the one turn that answers a conversation. */
function answer(messages: readonly Message[], where: string): string {
  const [turn, ...more] = messages
  if (turn === undefined || more.length > 0 || turn.role !== "assistant") {
    const roles = messages.map(({ role }) => excerpt(role)).join(", ")
    throw new LitmusError(
      `${where}: expected one turn of the assistant after the prompt, got ${roles || "none"}`,
    )
  }
  return requireText(turn.content, where)
}

function userLast(messages: readonly Message[], where: string): readonly Message[] {
  const last = messages.at(-1)
  if (last !== undefined && last.role !== "assistant") return messages
  throw new LitmusError(
    `${where}: expected a conversation that the assistant answers, got ${last ? "one that ends in its turn" : "none"}`,
  )
}

/** @throws {LitmusError} if the value is not a text with something in it */
export function requireText(value: Json | undefined, what: string): string {
  if (typeof value === "string" && value !== "") return value
  throw new LitmusError(
    `${what}: expected a text, got ${value === "" ? "an empty one" : describeJson(value)}`,
  )
}

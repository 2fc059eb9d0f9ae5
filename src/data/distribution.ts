// A distribution: prompts, each with responses of which exactly one is the better. The files are those of GENIES
// (arXiv 2311.07723): a list of `{prompt, responses: {text: 0 | 1}, …}`; all other keys are ignored. A prompt may also be
// a list of messages, to be shown by the model's chat template: conversations.ts.

import { LitmusError, UnusableDataError } from "../base/errors.ts"
import { fingerprint, readOrderedJson } from "../base/files.ts"
import { describeJson, excerpt, type Json } from "../base/json.ts"
import { random } from "../base/random.ts"
import { isConversation, parseMessages, transcript, type Message } from "../chat/messages.ts"
import { distributionFile } from "./data-folder.ts"
import type { Split } from "./data-folder.ts"

/** One answer to a prompt. */
export interface Response {
  readonly text: string
  /** 1 for the better response, 0 for a worse one. */
  readonly label: 0 | 1
}

/** A prompt and its responses: label 1 exactly once, label 0 at least once. */
export interface Example {
  /** Position in the file, from 0: the example's identity, kept by every selection. */
  readonly index: number
  /** Of a conversation that is not rendered yet, a transcript to read. */
  readonly prompt: string
  /** The conversation that the responses answer; absent where the prompt is a text. */
  readonly messages?: readonly Message[]
  /** In the file's order. */
  readonly responses: readonly Response[]
  /** What splits and intervals keep together where it is not the prompt: items made of one prompt share it. */
  readonly group?: string
}

/** What a distribution can be turned into: see truthfulness.ts. */
export const tasks = ["truthfulness"] as const

export type Task = (typeof tasks)[number]

/** One split of a distribution, or a selection of its examples. */
export interface Distribution {
  readonly id: string
  readonly split: Split
  /** In the file's order, never empty. */
  readonly examples: readonly Example[]
  /** Absent for the ranking of responses as the file has it. */
  readonly task?: Task
  /** Of a selection that left some out: at most how many were asked for. */
  readonly maxExamples?: number
  /** Of the examples alone (indices, prompts, response texts, labels, in order): 16 hexadecimal digits. */
  readonly fingerprint: string
}

/**
 * Reads one split of a distribution.
 *
 * @param folder - a GENIES data folder (one with `distributions/`), or a folder of distributions itself
 * @param id - the distribution's name; only names that the folder holds are read
 * @throws {UnusableDataError} if the split is empty
 * @throws {LitmusError} naming the file and the item, if anything is missing or not as it should be
 */
export async function readDistribution(folder: string, id: string, split: Split): Promise<Distribution> {
  const path = await distributionFile(folder, id, split)
  const items = await readOrderedJson(path)
  if (!Array.isArray(items)) {
    throw new LitmusError(`${path}: expected a list of examples, got ${describeJson(items)}`)
  }
  if (items.length === 0) {
    throw new UnusableDataError(`${path}: expected at least one example, got an empty list`)
  }
  const examples = items.map((item, index) => parseExample(item, index, `${path} [${index}]`))
  return { id, split, examples, fingerprint: fingerprintOf(examples) }
}

/**
 * A seeded sample of a distribution's examples, without replacement, in the file's order.
 *
 * With one seed a smaller sample is part of every larger one.
 *
 * @param options.maxExamples - how many to keep, a positive integer; all if undefined or not fewer than there are
 * @param options.seed - names the sample
 * @returns the distribution of these examples, whose fingerprint is theirs
 */
export function selectExamples(
  distribution: Distribution,
  { maxExamples, seed }: { maxExamples?: number | undefined; seed: number },
): Distribution {
  if (maxExamples === undefined) return distribution
  if (!(Number.isSafeInteger(maxExamples) && maxExamples > 0)) {
    throw new LitmusError(`maxExamples: expected a positive integer, got ${maxExamples}`)
  }
  const { id, split, examples } = distribution
  if (maxExamples >= examples.length) return distribution
  const order = random(seed, "examples", id, split).shuffle(examples.map((_, i) => i))
  const kept = new Set(order.slice(0, maxExamples))
  const selected = examples.filter((_, i) => kept.has(i))
  return { ...distribution, examples: selected, maxExamples, fingerprint: fingerprintOf(selected) }
}

/**
 * The distribution of some of its examples, whose fingerprint is theirs.
 *
 * @param kept - which, by `Example.index`; at least one
 */
export function keepExamples(distribution: Distribution, kept: ReadonlySet<number>): Distribution {
  const examples = distribution.examples.filter(({ index }) => kept.has(index))
  if (examples.length === 0) {
    throw new UnusableDataError(`${distribution.id} ${distribution.split}: none of its examples is left`)
  }
  return { ...distribution, examples, fingerprint: fingerprintOf(examples) }
}

function fingerprintOf(examples: readonly Example[]): string {
  return fingerprint(
    examples.map(({ index, prompt, messages, responses }) => [
      index,
      messages ?? prompt,
      responses.map(({ text, label }) => [text, label]),
    ]),
  )
}

/**
 * An example as the files have it: `{prompt, responses: {text: 0 | 1}, …}`.
 *
 * @param where - what errors call it: the file and the place in it
 * @throws {LitmusError} if anything is missing or not as it should be
 */
export function parseExample(item: Json, index: number, where: string): Example {
  if (!(item instanceof Map)) {
    throw new LitmusError(
      `${where}: expected an object with a prompt and responses, got ${describeJson(item)}`,
    )
  }
  const prompt = item.get("prompt")
  const responses = (): Response[] => readResponses(item.get("responses"), `${where}.responses`)
  if (isConversation(prompt)) {
    const messages = parseMessages(prompt, `${where}.prompt`)
    return { index, ...conversation(messages), responses: responses() }
  }
  if (typeof prompt !== "string") {
    throw new LitmusError(`${where}.prompt: expected a text, got ${describeJson(prompt)}`)
  }
  return { index, prompt, responses: responses() }
}

/** The fields of an example whose prompt is a conversation. Equal conversations are one group. */
export function conversation(
  messages: readonly Message[],
): Required<Pick<Example, "prompt" | "messages" | "group">> {
  const group = JSON.stringify(messages.map(({ role, content }) => [role, content]))
  return { prompt: transcript(messages), messages, group }
}

function readResponses(value: Json | undefined, where: string): Response[] {
  if (!(value instanceof Map)) {
    throw new LitmusError(`${where}: expected an object {text: 0 or 1}, got ${describeJson(value)}`)
  }
  const responses = Array.from(value, ([text, label]): Response => {
    if (label === 0 || label === 1) return { text, label: label === 1 ? 1 : 0 }
    throw new LitmusError(`${where}[${excerpt(text)}]: expected the label 0 or 1, got ${describeJson(label)}`)
  })
  const better = responses.filter(({ label }) => label === 1).length
  if (better !== 1) {
    throw new LitmusError(`${where}: expected exactly one response labelled 1, got ${better || "none"}`)
  }
  if (responses.length < 2) {
    throw new LitmusError(`${where}: expected at least one response labelled 0, got none`)
  }
  return responses
}

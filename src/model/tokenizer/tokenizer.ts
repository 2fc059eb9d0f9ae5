// Text → token ids, by a checkpoint's tokenizer.json. The begin-of-sequence token is written once and never twice:
// a template adds it, and a text that already begins with it keeps just that one.

import { decodeText, fingerprint, parseJson, sha256 } from "../../base/files.ts"
import type { ModelSource } from "../checkpoint/source.ts"
import type { TokenizerFiles } from "../checkpoint/tokenizer-files.ts"
import { checkAgreement, cutsByField } from "./agreement.ts"
import { Fields } from "./fields.ts"
import { readPipeline, type Pipeline } from "./pipeline.ts"
import { readAsBefore } from "./same-as-before.ts"
import { readSettings, settingsFields, type SettingsFields } from "./settings.ts"

export interface Tokenizer {
  /** Number of ids that the tokenizer knows, added tokens included. */
  readonly vocabSize: number
  /** Ids of the tokens that are no text: start and end of a text, of a turn, padding. */
  readonly specialTokens: ReadonlySet<number>
  /**
   * @param options.special - with the special tokens of the tokenizer's template (the default)
   * @returns token ids, int32 `[nTokens]`
   */
  encode(text: string, options?: { special?: boolean }): Int32Array
  /** The text of tokens, special ones included; no spaces are tidied away. */
  decode(ids: ArrayLike<number>): string
}

/** Changes whenever the ids of some text could: covers tokenizer.json and what the files beside it add. */
export async function tokenizerFingerprint(source: Pick<ModelSource, "tokenizer">): Promise<string> {
  const files = await source.tokenizer()
  const { file, settings, pipeline } = open(files)
  const { addedBeside } = pipeline
  const { config } = settings
  const changed = {
    ...(addedBeside.length > 0 && { added: addedBeside }),
    ...(cutsByField(settings) && { prefixSpace: config!.boolean("add_prefix_space", false) }),
    ...(config?.raw("split_special_tokens") === true && { splitSpecial: true }),
  }
  return fingerprint([
    sha256(files.bytes),
    formerlyCovered(settings),
    ...(readAsBefore(file, pipeline) && config?.raw("remove_space") !== true ? [] : ["read since 0.2"]),
    ...(Object.keys(changed).length > 0 ? [changed] : []),
  ])
}

/** Fields that fingerprints have always covered. */
function formerlyCovered({ config }: SettingsFields): Record<string, unknown> {
  const names = ["tokenizer_class", "clean_up_tokenization_spaces", "legacy", "do_lower_case", "remove_space"]
  return Object.fromEntries(
    names.filter((name) => config?.names.includes(name)).map((name) => [name, config!.raw(name)]),
  )
}

/**
 * Loads a model's tokenizer: tokenizer.json in its folder or beside its GGUF file, or else what the latter holds.
 *
 * @throws {LitmusError} if there is none, or something of it is not supported
 */
export async function loadTokenizer(source: Pick<ModelSource, "tokenizer">): Promise<Tokenizer> {
  const { pipeline } = open(await source.tokenizer())
  const { before, after } = pipeline.surroundings
  const { tokens } = pipeline.added
  return {
    vocabSize:
      pipeline.model.vocabulary.size +
      tokens.filter(({ content }) => !pipeline.model.vocabulary.has(content)).length,
    specialTokens: new Set(tokens.filter(({ special }) => special).map(({ id }) => id)),
    encode(text, { special = true } = {}) {
      const ids = pipeline.encode(text)
      if (!special) return Int32Array.from(ids)
      return Int32Array.from([...before, ...withoutStart(ids, before), ...after])
    },
    decode: (ids) => pipeline.decode(Array.from(ids)),
  }
}

interface Opened {
  readonly file: Fields
  readonly settings: SettingsFields
  readonly pipeline: Pipeline
}

function open({ path, bytes, settings: files }: TokenizerFiles): Opened {
  const settings = settingsFields(files)
  const content = new Fields(parseJson(decodeText(bytes, path), path), path)
  const file = cutsByField(settings) ? withPrefixSpace(content, settings) : content
  const pipeline = readPipeline(file, readSettings(settings))
  const { model, added } = pipeline
  checkAgreement(
    settings,
    file,
    pipeline.surroundings,
    (token) => added.get(token)?.id ?? model.vocabulary.get(token),
  )
  return { file, settings, pipeline }
}

/** tokenizer.json with the prefix space of tokenizer_config.json. */
function withPrefixSpace(file: Fields, { config }: SettingsFields): Fields {
  const words = file.child("pre_tokenizer")
  if (words?.type !== "ByteLevel") return file
  return file.with(
    "pre_tokenizer",
    words.with("add_prefix_space", config!.boolean("add_prefix_space", false)).content,
  )
}

/** Without the tokens that begin every text, where the text has them already. */
function withoutStart(ids: readonly number[], before: readonly number[]): readonly number[] {
  const [first] = before
  if (first === undefined) return ids
  // Of equal tokens each one counts, otherwise all of them together.
  const start = before.every((id) => id === first) ? [first] : before
  let from = 0
  while (start.every((id, i) => ids[from + i] === id)) from += start.length
  return ids.slice(from)
}

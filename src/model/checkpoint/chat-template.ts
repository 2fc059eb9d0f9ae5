// Where a checkpoint keeps its chat template: chat_template.jinja, or tokenizer_config.json, which may have one or
// several by name. As transformers does, the file of its own goes before the field.

import { join } from "node:path"
import { compileChatTemplate, type ChatTemplate } from "../../chat/template.ts"
import { LitmusError } from "../../base/errors.ts"
import { ifThere, readJson, readText } from "../../base/files.ts"

/**
 * The chat template of a checkpoint's folder.
 *
 * @returns undefined if it has none
 * @throws {LitmusError} if it has several and none is called "default", or it is malformed
 */
export async function readChatTemplate(folder: string): Promise<ChatTemplate | undefined> {
  const configPath = join(folder, "tokenizer_config.json")
  const config = (await ifThere(readJson(configPath))) ?? {}
  if (typeof config !== "object" || Array.isArray(config)) {
    throw new LitmusError(`${configPath}: expected an object`)
  }
  const fields = new Map(Object.entries(config))
  const path = join(folder, "chat_template.jinja")
  const own = await ifThere(readText(path))
  const specialTokens = specialTokensOf(fields)
  if (own !== undefined) return compileChatTemplate(own, { name: path, specialTokens })
  const text = defaultTemplate(fields.get("chat_template"), configPath)
  return text === undefined ? undefined : compileChatTemplate(text, { name: configPath, specialTokens })
}

/** Of one template, or of a list of `{name, template}` the one named "default". */
function defaultTemplate(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === "string") return value
  if (!Array.isArray(value)) throw new LitmusError(`${path}: chat_template: expected a text or a list`)
  const named = value.map((item: unknown, i) => {
    const { name, template } = (item ?? {}) as { name?: unknown; template?: unknown }
    if (typeof name === "string" && typeof template === "string") return { name, template }
    throw new LitmusError(`${path}: chat_template[${i}]: expected {name, template}, both texts`)
  })
  const standard = named.find(({ name }) => name === "default") ?? (named.length === 1 ? named[0] : undefined)
  if (standard) return standard.template
  const names = named.map(({ name }) => name).join(", ")
  throw new LitmusError(`${path}: chat_template: expected one named "default", got ${names || "none"}`)
}

const tokenNames = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
]

/** Special tokens, each a text or an added token `{content}`. */
function specialTokensOf(fields: ReadonlyMap<string, unknown>): Record<string, string> {
  const tokens: Record<string, string> = {}
  for (const name of tokenNames) {
    const value = fields.get(name)
    const text =
      typeof value === "string" ? value : (value as { content?: unknown } | null | undefined)?.content
    if (typeof text === "string") tokens[name] = text
  }
  return tokens
}

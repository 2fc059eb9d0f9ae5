// config.json → Architecture: what the graph needs to know, in the field's words. One reader per `model_type`
// (architectures/), found through a registry; a field is read by a helper that says what was expected.

import { LitmusError } from "../../base/errors.ts"
import { readGemma, readGemma2 } from "./gemma.ts"
import { readGptNeox } from "./gpt-neox.ts"
import { readGpt2 } from "./gpt2.ts"
import { readLlama } from "./llama.ts"
import { readMistral } from "./mistral.ts"
import { readOlmo2 } from "./olmo.ts"
import { readOpt } from "./opt.ts"
import { readPhi3 } from "./phi3.ts"
import { readQwen2, readQwen3 } from "./qwen.ts"
import type { Architecture } from "./architecture.ts"
import { ignoredField } from "./ignored-fields.ts"
import { ConfigFields } from "../checkpoint/config-fields.ts"
import { checkUnread } from "../checkpoint/unread-fields.ts"
import { chooseEndToken } from "../checkpoint/end-token.ts"
import type { ModelSource } from "../checkpoint/source.ts"

const readers: Readonly<Record<string, (fields: ConfigFields) => Architecture>> = {
  llama: readLlama,
  mistral: readMistral,
  qwen2: readQwen2,
  qwen3: readQwen3,
  gemma: readGemma,
  gemma2: readGemma2,
  olmo2: readOlmo2,
  phi3: readPhi3,
  gpt_neox: readGptNeox,
  gpt2: readGpt2,
  opt: readOpt,
}

/** The `model_type`s that can be loaded. */
export const supportedArchitectures: readonly string[] = Object.keys(readers)

/** Reads a model's configuration: config.json, or the metadata of a GGUF file. */
export async function readArchitecture(source: Pick<ModelSource, "config">): Promise<Architecture> {
  return architectureOf(await source.config())
}

/** The architecture that the content of a config.json describes. */
export function parseArchitecture(config: Readonly<Record<string, unknown>>): Architecture {
  return architectureOf(new ConfigFields("config.json", config))
}

function architectureOf(fields: ConfigFields): Architecture {
  const modelType = fields.string("model_type")
  const reader = Object.hasOwn(readers, modelType) ? readers[modelType] : undefined
  if (!reader) {
    throw new LitmusError(
      `${fields.path}: architecture "${modelType}" is not supported; supported: ${supportedArchitectures.join(", ")}`,
    )
  }
  const architecture = reader(fields)
  checkClass(fields, architecture)
  checkUnread(fields, (name) => ignoredField(modelType, name))
  return architecture
}

/** Classes of transformers whose trunk and heads are read here, after the stem of their architecture. */
const classes = ["ForCausalLM", "LMHeadModel", "Model", "ForSequenceClassification"]

/**
 * Refuses a class that computes something else: by its name transformers chooses the code in some places, by `model_type`
 * in others.
 */
function checkClass(fields: ConfigFields, { className }: Architecture): void {
  const [named, ...others]: unknown[] = [fields.raw("architectures") ?? []].flat()
  if (named === undefined) return
  const known = classes.map((kind) => `${className}${kind}`)
  // The first LLaMA's conversions say LLaMAForCausalLM.
  const isKnown =
    typeof named === "string" && known.some((name) => name.toLowerCase() === named.toLowerCase())
  if (!isKnown || others.length > 0) {
    fields.fail("architectures", `one of ${known.join(", ")} (by model_type)`)
  }
}

/** Id of the end-of-sequence token; undefined where neither the configuration nor the tokenizer's files name one. */
export async function readEndToken(
  source: Pick<ModelSource, "config" | "tokenizerFolder">,
): Promise<number | undefined> {
  return await chooseEndToken(source.tokenizerFolder, (await source.config()).raw("eos_token_id"))
}

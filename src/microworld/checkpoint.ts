// The small model as a Hugging Face folder: config.json, tokenizer.json and bfloat16 weights.

import { join } from "node:path"
import { encodeBfloat16 } from "../formats/half.ts"
import { canonicalJson, makeFolder, writeFileAtomic } from "../base/files.ts"
import type { ParameterArray } from "../model/decoder/adapter.ts"
import { encodeSafetensors } from "../formats/safetensors.ts"
import { endToken, startToken } from "./tokenizer-file.ts"

/** Writes the tokenizer's files. */
export async function writeTokenizer(folder: string, tokenizer: Record<string, unknown>): Promise<void> {
  await makeFolder(folder)
  await writeFileAtomic(join(folder, "tokenizer.json"), `${JSON.stringify(tokenizer)}\n`)
  const config = {
    bos_token: startToken,
    clean_up_tokenization_spaces: false,
    eos_token: endToken,
    model_max_length: 512,
    tokenizer_class: "PreTrainedTokenizerFast",
  }
  await writeFileAtomic(join(folder, "tokenizer_config.json"), `${canonicalJson(config, 2)}\n`)
}

/** Writes config.json and the weights, rounded to bfloat16. The weights come last: a folder that has them is whole. */
export async function writeCheckpoint(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  parameters: ReadonlyMap<string, ParameterArray>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFileAtomic(join(folder, "config.json"), `${canonicalJson(config, 2)}\n`)
  const tensors = new Map(
    [...parameters].map(([name, { shape, data }]) => [name, { shape, data: encodeBfloat16(data) }]),
  )
  await writeFileAtomic(
    join(folder, "model.safetensors"),
    encodeSafetensors(tensors, { format: "pt", ...metadata }),
  )
}

// A GGUF file as the source of a model: what it says in Hugging Face's words, its tensors under Hugging Face's names.

import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { compileChatTemplate, type ChatTemplate } from "../../chat/template.ts"
import { LitmusError } from "../../base/errors.ts"
import { writeFileAtomic } from "../../base/files.ts"
import { readChatTemplate } from "../checkpoint/chat-template.ts"
import { checkpointOf, type Checkpoint } from "../checkpoint/checkpoint.ts"
import type { ModelSource, SourceOptions } from "../checkpoint/source.ts"
import type { TensorEntry } from "../../formats/tensor-file.ts"
import { readRows } from "../../formats/tensor-rows.ts"
import {
  copyTokenizerFiles,
  readTokenizerFiles,
  type SettingsFiles,
  type TokenizerFiles,
} from "../checkpoint/tokenizer-files.ts"
import { ggufConfig } from "./config.ts"
import { openFile, readGgufHeader, type GgufHeader } from "./header.ts"
import { ggufTokenizer } from "./tokenizer.ts"

/** Opens a GGUF file: reads and checks its header. */
export async function openGguf(path: string, { ignoreConfig = [] }: SourceOptions): Promise<ModelSource> {
  const header = await readGgufHeader(path)
  const folder = dirname(path)
  const hasTokenizer = existsSync(join(folder, "tokenizer.json"))
  const { fields, interleavedHeads } = await ggufConfig(header, { hasTokenizer, ignoreConfig })
  const tokenizer = async (): Promise<TokenizerFiles> => {
    if (hasTokenizer) return await readTokenizerFiles(folder)
    const text = JSON.stringify(ggufTokenizer(header))
    return { path, bytes: Buffer.from(text), settings: ggufSettings(path) }
  }
  return {
    path,
    tokenizerFolder: folder,
    config: () => Promise.resolve(fields),
    weightFiles: () => Promise.resolve([path]),
    openWeights: () => openWeights(header, interleavedHeads),
    tokenizer,
    chatTemplate: async () => ggufChatTemplate(header) ?? (await readChatTemplate(folder)),
    copyTokenizer: async (to) => {
      if (hasTokenizer) await copyTokenizerFiles(folder, to)
      else await writeFileAtomic(join(to, "tokenizer.json"), (await tokenizer()).bytes)
    },
  }
}

/** Those of a folder whose tokens are decoded as they are. */
function ggufSettings(path: string): SettingsFiles {
  return { config: { path, content: { clean_up_tokenization_spaces: false } } }
}

/** `tokenizer.chat_template`, with the special tokens that the metadata gives by their ids. */
function ggufChatTemplate({ path, metadata }: GgufHeader): ChatTemplate | undefined {
  const text = metadata["tokenizer.chat_template"]
  if (text === undefined) return undefined
  const name = `${path}: tokenizer.chat_template`
  if (typeof text !== "string") throw new LitmusError(`${name}: expected a text`)
  const tokens = metadata["tokenizer.ggml.tokens"]
  const specialTokens: Record<string, string> = {}
  for (const kind of ["bos", "eos"]) {
    const id = metadata[`tokenizer.ggml.${kind}_token_id`]
    const token: unknown = Array.isArray(tokens) && typeof id === "number" ? tokens[id] : undefined
    if (typeof token === "string") specialTokens[`${kind}_token`] = token
  }
  return compileChatTemplate(text, { name, specialTokens })
}

async function openWeights(
  { path, tensors }: GgufHeader,
  interleavedHeads: number | undefined,
): Promise<Checkpoint> {
  const entries = new Map<string, TensorEntry>()
  for (const [name, entry] of tensors) {
    if (ignorable.test(name)) continue
    const turned = interleavedHeads !== undefined && /\.attn_[qk]\.(weight|bias)$/.test(name)
    entries.set(huggingFaceName(name), turned ? { ...entry, interleaved: interleavedHeads } : entry)
  }
  const file = await openFile(path)
  return checkpointOf([
    {
      path,
      describedBy: "its metadata",
      tensors: entries,
      readRows: (name, onBytes) => readRows(file, path, name, entries.get(name)!, onBytes),
      close: () => file.close(),
    },
  ])
}

// Frequency factors are part of the configuration; old files have the frequencies of every block.
const ignorable = /^rope_freqs\.weight$|\.attn_rot_embd(\.weight)?$/

const outer: Readonly<Record<string, string>> = {
  token_embd: "model.embed_tokens",
  output_norm: "model.norm",
  output: "lm_head",
}

const inBlock: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
}

/** `blk.3.attn_q.weight` → `model.layers.3.self_attn.q_proj.weight`; a name that is not known stays as it is. */
function huggingFaceName(name: string): string {
  const [, block, module, kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? []
  if (module === undefined || kind === undefined) return name
  const names = block === undefined ? outer : inBlock
  if (!Object.hasOwn(names, module)) return name
  const prefix = block === undefined ? "" : `model.layers.${block}.`
  return `${prefix}${names[module]!}.${kind}`
}

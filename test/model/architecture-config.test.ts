// What each architecture reads from config.json beside its sizes: defaults of Hugging Face's classes, older and newer
// names of fields, and windows.

import { describe, expect, it } from "vitest"
import {
  linearLayers,
  parameterCount,
  type Architecture,
} from "../../src/model/architectures/architecture.ts"
import { readGemma, readGemma2 } from "../../src/model/architectures/gemma.ts"
import { readGptNeox } from "../../src/model/architectures/gpt-neox.ts"
import { readGpt2 } from "../../src/model/architectures/gpt2.ts"
import { readMistral } from "../../src/model/architectures/mistral.ts"
import { readOlmo2 } from "../../src/model/architectures/olmo.ts"
import { readOpt } from "../../src/model/architectures/opt.ts"
import { readPhi3 } from "../../src/model/architectures/phi3.ts"
import { readQwen2, readQwen3 } from "../../src/model/architectures/qwen.ts"
import { publishedConfigs } from "../support/published-configs.ts"
import { ConfigFields } from "../../src/model/checkpoint/config-fields.ts"

type Reader = (fields: ConfigFields) => Architecture
const read = (reader: Reader, fields: Record<string, unknown> = {}): Architecture =>
  reader(new ConfigFields("config.json", fields))

describe("the parameters of a released model are as many as its authors count", () => {
  // Sizes and counts as published with the models; fields that are not given are the class's defaults.
  const released: [string, Reader, Record<string, unknown>, number][] = [
    ["mistralai/Mistral-7B-v0.1", readMistral, { sliding_window: 4096 }, 7_241_732_096],
    ["openai-community/gpt2, tied", readGpt2, {}, 124_439_808],
    ["google/gemma-2b", readGemma, gemma2b(), 2_506_172_416],
    ["google/gemma-2-2b", readGemma2, {}, 2_614_341_888],
    ["microsoft/Phi-3-mini-4k-instruct", readPhi3, { sliding_window: 2047 }, 3_821_079_552],
    ["EleutherAI/pythia-70m", readGptNeox, pythia70m(), 70_426_624],
    ["Qwen/Qwen2.5-0.5B", readQwen2, qwen(), 494_032_768],
    ["Qwen/Qwen3-0.6B", readQwen3, qwen3(), 596_049_920],
    ["allenai/OLMo-2-0425-1B", readOlmo2, olmo1b(), 1_484_916_736],
    ["allenai/OLMo-2-0325-32B", readOlmo2, publishedConfigs["allenai/OLMo-2-0325-32B"]!, 32_234_279_936],
    ["facebook/opt-125m", readOpt, {}, 125_239_296],
  ]
  it.each(released)("%s", (_, reader, fields, count) => {
    expect(parameterCount(read(reader, fields))).toBe(count)
  })
})

function gemma2b(): Record<string, unknown> {
  return {
    hidden_size: 2048,
    num_hidden_layers: 18,
    num_attention_heads: 8,
    num_key_value_heads: 1,
    intermediate_size: 16384,
  }
}

function olmo1b(): Record<string, unknown> {
  return {
    hidden_size: 2048,
    num_hidden_layers: 16,
    num_attention_heads: 16,
    intermediate_size: 8192,
    vocab_size: 100352,
  }
}

function pythia70m(): Record<string, unknown> {
  return {
    hidden_size: 512,
    num_hidden_layers: 6,
    num_attention_heads: 8,
    intermediate_size: 2048,
    vocab_size: 50304,
  }
}

function qwen(): Record<string, unknown> {
  return {
    hidden_size: 896,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    intermediate_size: 4864,
    tie_word_embeddings: true,
  }
}

function qwen3(): Record<string, unknown> {
  return {
    hidden_size: 1024,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    intermediate_size: 3072,
    tie_word_embeddings: true,
  }
}

describe("windows", () => {
  const windowsOf = (reader: Reader, fields: Record<string, unknown>): unknown =>
    read(reader, { num_hidden_layers: 4, ...fields }).attention.windows

  it("are Mistral's in every block; none where config.json says null or more than the context", () => {
    expect(windowsOf(readMistral, {})).toEqual([4096, 4096, 4096, 4096])
    expect(windowsOf(readMistral, { sliding_window: null })).toBeUndefined()
    expect(windowsOf(readMistral, { sliding_window: 64, max_position_embeddings: 64 })).toBeUndefined()
    expect(windowsOf(readPhi3, {})).toBeUndefined()
  })

  it("are Qwen's only where they are used, and from max_window_layers up", () => {
    expect(windowsOf(readQwen2, { sliding_window: 16 })).toBeUndefined()
    const used = { use_sliding_window: true, sliding_window: 16 }
    expect(windowsOf(readQwen2, { ...used, max_window_layers: 3 })).toEqual([null, null, null, 16])
    expect(windowsOf(readQwen3, { ...used, max_window_layers: 0 })).toEqual([16, 16, 16, 16])
    expect(windowsOf(readQwen3, used)).toBeUndefined()
  })

  it("are Gemma 2's in every other block, unless layer_types says which", () => {
    expect(windowsOf(readGemma2, {})).toEqual([4096, null, 4096, null])
    const types = ["full_attention", "sliding_attention", "sliding_attention", "full_attention"]
    expect(windowsOf(readGemma2, { layer_types: types })).toEqual([null, 4096, 4096, null])
    expect(() => windowsOf(readGemma2, { layer_types: types.slice(1) })).toThrow(
      "config.json: layer_types: expected sliding_attention or full_attention for each of 4 layers",
    )
  })
})

describe("fields", () => {
  it("of Gemma name the activation in hidden_activation alone", () => {
    expect(read(readGemma, { hidden_act: "gelu" }).block.mlp.activation).toBe("gelu-tanh")
    expect(read(readGemma, { hidden_activation: "gelu" }).block.mlp.activation).toBe("gelu")
  })

  it("of Gemma 2 switch its soft caps off by null", () => {
    const capped = read(readGemma2)
    expect([capped.attention.softCap, capped.logitSoftCap]).toEqual([50, 30])
    const plain = read(readGemma2, { attn_logit_softcapping: null, final_logit_softcapping: null })
    expect([plain.attention.softCap, plain.logitSoftCap]).toEqual([undefined, undefined])
  })

  it("of GPT-NeoX have older and newer names", () => {
    const old = read(readGptNeox, { rotary_pct: 0.5, rotary_emb_base: 5000 })
    const both = { rotary_pct: 0.5, rotary_emb_base: 5000 }
    const renamed = read(readGptNeox, { ...both, partial_rotary_factor: 0.5, rope_theta: 5000 })
    const nested = read(readGptNeox, {
      rope_parameters: { rope_type: "default", rope_theta: 5000, partial_rotary_factor: 0.5 },
    })
    expect(old.rotary).toEqual({ rope: { type: "default", theta: 5000 }, width: 48 })
    expect(renamed).toEqual(old)
    expect(nested).toEqual(old)
    expect(read(readGptNeox).rotary!.width).toBe(24)
    expect(read(readGptNeox, { use_parallel_residual: false }).block.parallel).toBeUndefined()
  })

  it("of Mistral say null for as many key/value heads as query heads", () => {
    expect(read(readMistral).nKvHeads).toBe(8)
    expect(read(readMistral, { num_key_value_heads: null }).nKvHeads).toBe(32)
  })

  it("give biases where the architecture has them", () => {
    const biased = (reader: Reader, fields = {}): string[] =>
      [...linearLayers(read(reader, { num_hidden_layers: 1, n_layer: 1, ...fields })).values()].flatMap(
        ({ name, bias }) => (bias ? [name.split(".").at(-1)!] : []),
      )
    expect(biased(readQwen2)).toEqual(["q_proj", "k_proj", "v_proj"])
    expect(biased(readQwen3)).toEqual([])
    expect(biased(readQwen3, { attention_bias: true })).toEqual(["q_proj", "k_proj", "v_proj", "o_proj"])
    expect(biased(readGptNeox, { attention_bias: false })).toEqual(["dense_h_to_4h", "dense_4h_to_h"])
    expect(biased(readGpt2)).toEqual(["c_attn", "c_proj", "c_fc", "c_proj"])
  })

  it.each<[Reader, Record<string, unknown>, string]>([
    [
      readGpt2,
      { scale_attn_by_inverse_layer_idx: true },
      "scale_attn_by_inverse_layer_idx: expected false, got true",
    ],
    [readGpt2, { n_head: 5 }, "n_head: expected a divisor of n_embd (768), got 5"],
    [readOpt, { do_layer_norm_before: false }, "do_layer_norm_before: expected true, got false"],
    [readOpt, { word_embed_proj_dim: 512 }, "word_embed_proj_dim: expected hidden_size (768), got 512"],
    [
      readPhi3,
      { rope_scaling: { type: "longrope" } },
      "rope_scaling: short_factor: expected a list of positive numbers, got nothing",
    ],
    [
      readGptNeox,
      { rotary_pct: 1.5 },
      "rotary_pct: expected a share that turns an even number of a head's 96 dims, got 1.5",
    ],
    [readMistral, { sliding_window: 0 }, "sliding_window: expected a positive integer, got 0"],
  ])("that cannot be computed are refused by name: %#", (reader, fields, message) => {
    expect(() => read(reader, fields)).toThrow(message)
  })
})

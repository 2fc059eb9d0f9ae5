// config.json → Architecture: defaults, and one line for each way in which it can be wrong.

import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parameterCount, parameterSpecs, type Block } from "../../src/model/architectures/architecture.ts"
import { supportedArchitectures } from "../../src/model/architectures/config.ts"
import { smallConfig } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { readArchitecture } from "../support/model-files.ts"

const root = temporaryFolder()
let folders = 0

function folderOf(content: unknown): string {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  writeFileSync(join(folder, "config.json"), typeof content === "string" ? content : JSON.stringify(content))
  return folder
}

const read = (fields: Record<string, unknown>): ReturnType<typeof readArchitecture> =>
  readArchitecture(folderOf({ ...smallConfig, ...fields }))

const llamaNames = {
  className: "Llama",
  prefix: "model.",
  embedding: { name: "model.embed_tokens" },
  blocks: "model.layers",
  finalNorm: "model.norm",
  head: "lm_head",
}

function llamaBlock(bias: { bias?: true }): Block {
  return {
    attentionNorm: "input_layernorm",
    projections: {
      kind: "separate",
      queries: { name: "self_attn.q_proj", ...bias },
      keys: { name: "self_attn.k_proj", ...bias },
      values: { name: "self_attn.v_proj", ...bias },
    },
    output: { name: "self_attn.o_proj", ...bias },
    mlpNorm: "post_attention_layernorm",
    mlp: {
      input: {
        kind: "gated",
        gate: { name: "mlp.gate_proj", ...bias },
        up: { name: "mlp.up_proj", ...bias },
      },
      down: { name: "mlp.down_proj", ...bias },
      activation: "silu",
    },
  }
}

describe("an architecture", () => {
  test("has what config.json says", async () => {
    expect(
      await read({
        head_dim: 6,
        attention_bias: true,
        mlp_bias: true,
        tie_word_embeddings: true,
        rope_theta: 500,
      }),
    ).toEqual({
      modelType: "llama",
      vocabSize: 259,
      contextLength: 256,
      dModel: 32,
      nLayers: 2,
      nHeads: 4,
      nKvHeads: 2,
      dHead: 6,
      dMlp: 48,
      ...llamaNames,
      norm: { kind: "rms", epsilon: 1e-5 },
      block: llamaBlock({ bias: true }),
      attention: { scale: 1 / Math.sqrt(6) },
      tiedEmbeddings: true,
      rotary: { rope: { type: "default", theta: 500 }, width: 6 },
    })
  })

  // LlamaConfig of transformers: the first LLaMA, 7 B.
  test("has Hugging Face's defaults where config.json says nothing, or null", async () => {
    const architecture = await readArchitecture(
      folderOf({ model_type: "llama", head_dim: null, rope_scaling: null }),
    )
    expect(architecture).toEqual({
      modelType: "llama",
      vocabSize: 32000,
      contextLength: 2048,
      dModel: 4096,
      nLayers: 32,
      nHeads: 32,
      nKvHeads: 32,
      dHead: 128,
      dMlp: 11008,
      ...llamaNames,
      norm: { kind: "rms", epsilon: 1e-6 },
      block: llamaBlock({}),
      attention: { scale: 1 / Math.sqrt(128) },
      tiedEmbeddings: false,
      rotary: { rope: { type: "default", theta: 10000 }, width: 128 },
    })
    // The figure that LLaMA's paper rounds to 6.7 B.
    expect(parameterCount(architecture)).toBe(6_738_415_616)
  })

  test("has biases, and a head of its own, exactly where its fields say so", async () => {
    const names = async (fields: Record<string, unknown>): Promise<string[]> =>
      parameterSpecs(await read(fields)).map(({ name }) => name)
    const biases = (all: string[]): number => all.filter((name) => name.endsWith(".bias")).length
    expect(biases(await names({}))).toBe(0)
    expect(biases(await names({ attention_bias: true }))).toBe(2 * 4)
    expect(biases(await names({ mlp_bias: true }))).toBe(2 * 3)
    expect(await names({})).toContain("lm_head.weight")
    expect(await names({ tie_word_embeddings: true })).not.toContain("lm_head.weight")
  })
})

describe("a config.json that cannot be used", () => {
  test.each(["gpt5", "constructor", "__proto__"])(
    "of architecture %s lists the supported ones",
    async (type) => {
      const folder = folderOf(`{"model_type": "${type}"}`)
      expect(supportedArchitectures).toContain("llama")
      await expect(readArchitecture(folder)).rejects.toThrow(
        `${join(folder, "config.json")}: architecture "${type}" is not supported; supported: ${supportedArchitectures.join(", ")}`,
      )
    },
  )

  test.each([
    [{ model_type: undefined }, "model_type: expected a string, got nothing"],
    [{ hidden_size: "32" }, 'hidden_size: expected a positive integer, got "32"'],
    [{ num_hidden_layers: 0 }, "num_hidden_layers: expected a positive integer, got 0"],
    [{ num_hidden_layers: 2.5 }, "num_hidden_layers: expected a positive integer, got 2.5"],
    [{ vocab_size: -1 }, "vocab_size: expected a positive integer, got -1"],
    [{ rms_norm_eps: 0 }, "rms_norm_eps: expected a positive number, got 0"],
    [{ attention_bias: 1 }, "attention_bias: expected true or false, got 1"],
    [{ tie_word_embeddings: "no" }, 'tie_word_embeddings: expected true or false, got "no"'],
    [{ num_key_value_heads: 3 }, "num_key_value_heads: expected a divisor of num_attention_heads (4), got 3"],
    [{ num_attention_heads: 5, num_key_value_heads: 5 }, "head_dim: expected a positive integer, got 6.4"],
    [{ head_dim: 7 }, "head_dim: expected an even number (rotary embeddings turn pairs), got 7"],
    [
      { hidden_act: "mish" },
      'hidden_act: expected one of silu, swish, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, relu, got "mish"',
    ],
    [{ rope_theta: "big" }, 'rope_theta: expected a positive number, got "big"'],
    [{ rope_scaling: [] }, "rope_scaling: expected an object, got []"],
  ])("for %j says what was expected", async (fields, message) => {
    await expect(read(fields)).rejects.toThrow(`config.json: ${message}`)
  })

  test.each([
    ["", ":1:1: malformed JSON: expected a value, got the end of the file"],
    ['{\n  "hidden_size": 32,\n  oops}', ':3:3: malformed JSON: expected a key in quotes, got "oops"'],
    ['{"a": 1,}', ':1:9: malformed JSON: expected a key in quotes, got "}"'],
    ['{"a": "b', ":1:7: malformed JSON: a string that never ends"],
    ["[]", ": expected an object"],
    ["null", ": expected an object"],
  ])("that reads %j names the place", async (text, message) => {
    const folder = folderOf(text)
    await expect(readArchitecture(folder)).rejects.toThrow(`${join(folder, "config.json")}${message}`)
  })

  test("may begin with a byte order mark, as some editors write one", async () => {
    const folder = folderOf(`\ufeff${JSON.stringify(smallConfig)}`)
    expect((await readArchitecture(folder)).dModel).toBe(32)
  })
})

// Fields of config.json that nothing reads: known and ignored for a reason, or refused by name; and fields that contradict
// each other.

import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import {
  parseArchitecture,
  readArchitecture,
  supportedArchitectures,
} from "../../src/model/architectures/config.ts"
import { openSource } from "../../src/model/open-source.ts"
import { openModel } from "../../src/model/model.ts"
import { complaint, litmus } from "../support/cli.ts"
import { publishedConfigs } from "../support/published-configs.ts"
import { smallConfig, writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()

describe("a field that nobody here knows is refused by its name", () => {
  const values: [string, unknown][] = [
    ["a number", 2],
    ["a switch that is on", true],
    ["a switch that is off", false],
    ["a text", "tanh"],
    ["an object", { factor: 2 }],
  ]
  describe.each(supportedArchitectures)("in a configuration of %s", (type) => {
    it("which opens without it", () => {
      expect(parseArchitecture({ model_type: type }).modelType).toBe(type)
    })

    it("nor as null, which is an option that is not set", () => {
      const config = { model_type: type, attn_softcap_v2: null }
      expect(parseArchitecture(config)).toEqual(parseArchitecture({ model_type: type }))
    })

    it.each(values)("as %s", (_, value) => {
      expect(() => parseArchitecture({ model_type: type, attn_softcap_v2: value })).toThrow(
        `config.json: unknown field attn_softcap_v2 (${JSON.stringify(value)}): it may change what the model computes; if it does not, remove it or give --ignore-config attn_softcap_v2`,
      )
    })
  })

  it.each(Object.entries(publishedConfigs))("beside the fields of %s, which are known", (_, config) => {
    expect(parseArchitecture(config).modelType).toBe(config.model_type)
    expect(() => parseArchitecture({ ...config, attn_softcap_v2: 1 })).toThrow(
      "unknown field attn_softcap_v2",
    )
  })

  it("inside the fields of positions", () => {
    const scaling = { rope_type: "linear", factor: 2 }
    expect(() => parseArchitecture({ ...smallConfig, rope_scaling: { ...scaling, alpha: 3 } })).toThrow(
      "config.json: unknown field rope_scaling.alpha (3)",
    )
  })
})

describe("a known field is refused where its value changes what is computed", () => {
  it.each([
    [{ quantization_config: { bits: 4 } }, "quantization_config: expected none"],
    [{ sliding_window: 128 }, "sliding_window: expected none, got 128 (this architecture has no windows)"],
    [
      { model_type: "gemma", use_bidirectional_attention: true },
      "use_bidirectional_attention: expected false",
    ],
    [
      { model_type: "gemma2", use_bidirectional_attention: true },
      "use_bidirectional_attention: expected false",
    ],
    [{ model_type: "gpt2", add_cross_attention: true }, "add_cross_attention: expected false, got true"],
    [
      { model_type: "gpt2", n_embd: 64, n_head: 4, hidden_size: 32 },
      "hidden_size: expected what n_embd says, got 32",
    ],
    [{ model_type: "mistral", attention_bias: true }, "attention_bias: expected false, got true"],
    [{ model_type: "qwen2", attention_bias: false }, "attention_bias: expected true, got false"],
    [{ model_type: "phi3", full_attn_mod: 2 }, "full_attn_mod: expected 1, got 2"],
    [{ is_encoder_decoder: true }, "is_encoder_decoder: expected false, got true"],
    [{ pruned_heads: { "0": [1] } }, "pruned_heads: expected no heads"],
    [{ reward_token_id: 7 }, "reward_token_id: expected none, got 7"],
    [
      { model_type: "gemma", hidden_act: "relu" },
      'hidden_act: expected what hidden_activation says, got "relu"',
    ],
    [
      { model_type: "qwen2", layer_types: Array.from({ length: 32 }, () => "sliding_attention") },
      "layer_types: expected full_attention in every layer where no sliding window is given",
    ],
    [{ rope_scaling: { rope_type: "default", factor: 4 } }, "rope_scaling.factor: expected none, got 4"],
  ])("%j", (fields, message) => {
    expect(() => parseArchitecture({ model_type: "llama", ...fields })).toThrow(`config.json: ${message}`)
  })

  it("and passes where it is off", () => {
    for (const fields of [
      { quantization_config: null, sliding_window: null, layer_types: ["full_attention", "full_attention"] },
      { reward_token_id: null, pruned_heads: {}, rope_scaling: { rope_type: "default", factor: null } },
    ]) {
      expect(parseArchitecture({ ...smallConfig, ...fields })).toEqual(parseArchitecture(smallConfig))
    }
  })
})

describe("the class in architectures", () => {
  it.each(["LlamaForCausalLM", "LLaMAForCausalLM", "LlamaModel", "LlamaForSequenceClassification"])(
    "may be %s",
    (name) => expect(parseArchitecture({ ...smallConfig, architectures: [name] }).className).toBe("Llama"),
  )

  it.each([
    "MistralForCausalLM",
    "LlamaForTokenClassification",
    "LlamaForRewardModelWithGating",
    "EurusRewardModel",
  ])("is refused as %s, which computes something else", (name) => {
    expect(() => parseArchitecture({ ...smallConfig, architectures: [name] })).toThrow(
      "config.json: architectures: expected one of LlamaForCausalLM",
    )
  })
})

it("num_labels must be as many as id2label names, since releases of transformers differ in which they take", () => {
  const architectures = ["LlamaForSequenceClassification"]
  const config = { ...smallConfig, architectures, id2label: { "0": "a", "1": "b", "2": "c" } }
  expect(parseArchitecture({ ...config, num_labels: 3 }).scoreLabels).toBe(3)
  expect(() => parseArchitecture({ ...config, num_labels: 1 })).toThrow(
    "config.json: num_labels: expected 3, as many as id2label names, got 1",
  )
})

describe("fields of positions that contradict each other are refused", () => {
  const llama = { ...smallConfig, head_dim: 8 }
  const factors = { short_factor: [1, 1, 1, 1], long_factor: [2, 2, 2, 2] }
  it.each([
    [
      {
        rope_parameters: { rope_type: "linear", factor: 2 },
        rope_scaling: { rope_type: "linear", factor: 4 },
      },
      "config.json: rope_parameters and rope_scaling contradict each other: remove the one that is wrong",
    ],
    [
      { rope_theta: 5, rope_parameters: { rope_type: "default", rope_theta: 7 } },
      "config.json: rope_parameters: rope_theta 7 contradicts config.json: rope_theta 5",
    ],
    [
      { rope_scaling: { rope_type: "yarn", type: "linear", factor: 2 } },
      'config.json: rope_scaling: type: expected "yarn", as rope_type has it, got "linear"',
    ],
    [
      { rope_scaling: { rope_type: "dynamic" } },
      "config.json: rope_scaling: factor: expected a positive number, got nothing",
    ],
    [
      { rope_scaling: { rope_type: "dynamic", factor: 2, original_max_position_embeddings: 64 } },
      "rope_scaling: original_max_position_embeddings: expected max_position_embeddings (256) or none, got 64",
    ],
    [
      {
        original_max_position_embeddings: 64,
        rope_scaling: { rope_type: "yarn", factor: 2, original_max_position_embeddings: 128 },
      },
      "rope_scaling: original_max_position_embeddings 128 contradicts config.json: original_max_position_embeddings 64",
    ],
    [
      { rope_scaling: { rope_type: "longrope", ...factors, short_factor: [1, 1, 1] } },
      "rope_scaling: short_factor: expected 4 numbers, one for each frequency, got 3",
    ],
    [
      { rope_scaling: { rope_type: "longrope", ...factors, long_factor: [1, 1, 1, 1, 1] } },
      "rope_scaling: long_factor: expected 4 numbers, one for each frequency, got 5",
    ],
    [
      { rope_scaling: { rope_type: "longrope", ...factors, long_factor: undefined } },
      "rope_scaling: long_factor: expected a list of positive numbers, got nothing",
    ],
    [
      {
        original_max_position_embeddings: 64,
        rope_scaling: { rope_type: "longrope", ...factors, factor: 3 },
      },
      "rope_scaling: factor: expected 4, by which max_position_embeddings exceeds the original length, or none, got 3",
    ],
    [
      { rope_scaling: { rope_type: "llama3", factor: 8, low_freq_factor: 4, high_freq_factor: 4 } },
      "rope_scaling: high_freq_factor: expected more than low_freq_factor (4), got 4",
    ],
  ])("%j", (fields, message) => {
    expect(() => parseArchitecture({ ...llama, ...fields })).toThrow(message)
  })

  it("GPT-NeoX's old and new names among them", () => {
    const config = { model_type: "gpt_neox", rotary_pct: 0.5, partial_rotary_factor: 0.25 }
    expect(() => parseArchitecture(config)).toThrow(
      "config.json: rotary_pct 0.5 contradicts partial_rotary_factor 0.25",
    )
  })

  // transformers 5.18 has 10,000 and 0.25 for these, 4.57 what they say.
  it.each([
    [{ rope_theta: 5000 }, "rotary_emb_base: expected what rope_theta says, got nothing"],
    [{ partial_rotary_factor: 0.5 }, "rotary_pct: expected what partial_rotary_factor says, got nothing"],
  ])("GPT-NeoX's new names without the old ones among them: %j", (fields, message) => {
    expect(() => parseArchitecture({ model_type: "gpt_neox", ...fields })).toThrow(`config.json: ${message}`)
  })

  it("and yarn's original length where only some releases look for it", () => {
    const config = { ...llama, original_max_position_embeddings: 64 }
    expect(() => parseArchitecture({ ...config, rope_scaling: { rope_type: "yarn", factor: 4 } })).toThrow(
      "config.json: original_max_position_embeddings: expected to find it inside rope_scaling, got 64",
    )
  })

  it("and pass where they say the same", () => {
    const scaling = { type: "su", ...factors, factor: 4 }
    const older = { ...llama, original_max_position_embeddings: 64, rope_theta: 5, rope_scaling: scaling }
    const newer = { ...factors, factor: 4, rope_type: "longrope", rope_theta: 5 }
    expect(parseArchitecture({ ...older, rope_parameters: newer })).toEqual(parseArchitecture(older))
  })
})

describe("--ignore-config", () => {
  const withField = async (name: string): Promise<string> => {
    const folder = await writeRandomModel(join(root, name))
    const path = join(folder, "config.json")
    const config = JSON.parse(readFileSync(path, "utf8")) as object
    writeFileSync(
      path,
      JSON.stringify({ ...config, trained_by: "us", rope_scaling: { rope_type: "default", note: 1 } }),
    )
    return folder
  }

  it("reads a model as if the named fields were not there: same architecture, same fingerprint", async () => {
    const [folder, plain] = [await withField("a"), await writeRandomModel(join(root, "b"))]
    const cache = join(root, "cache")
    const ignoreConfig = ["trained_by", "rope_scaling.note"]
    await expect(openModel(folder, { cache })).rejects.toThrow("unknown field trained_by")
    await expect(openModel(folder, { cache, ignoreConfig: ["trained_by"] })).rejects.toThrow(
      "unknown field rope_scaling.note",
    )
    const model = await openModel(folder, { cache, ignoreConfig })
    expect(model.fingerprint).toBe((await openModel(plain, { cache })).fingerprint)
    const kept = (await model.source.config()).withoutIgnored()
    expect(kept).toEqual({ ...smallConfig, rope_scaling: { rope_type: "default" } })
  })

  it.each([
    ["hidden_size", "--ignore-config hidden_size: the model is read by it, so it cannot be ignored"],
    ["pad_token_id", "--ignore-config pad_token_id: the model is read by it, so it cannot be ignored"],
    ["rope_scaling", "--ignore-config rope_scaling: the model is read by it, so it cannot be ignored"],
    ["trained_byy", "has no such field"],
  ])("does not take %s", async (name, message) => {
    const folder = await writeRandomModel(join(root, name), {
      config: { pad_token_id: 0, rope_scaling: { rope_type: "linear", factor: 2 } },
    })
    const source = await openSource(folder, { ignoreConfig: [name] })
    await expect(readArchitecture(source)).rejects.toThrow(message)
  })

  it("is an option of commands, and what they say without it names it", async () => {
    const folder = await withField("cli")
    const [refused, read] = await Promise.all([
      litmus(["inspect", folder]),
      litmus(["inspect", folder, "--ignore-config", "trained_by,rope_scaling.note", "--json"]),
    ])
    expect(refused.code).toBe(1)
    expect(complaint(refused)).toContain("--ignore-config trained_by")
    expect(JSON.parse(read.stdout)).toMatchObject({ is: "model", modelType: "llama" })
  })
})

// Gemma: LLaMA with embeddings scaled by √dModel, norms that store their scale less one, a GELU gate and tied embeddings.
// Gemma 2: soft caps on scores and logits, a window in every other block, norms after attention and MLP as well.
// Defaults are those of Hugging Face's GemmaConfig and Gemma2Config.

import { readActivation } from "./activation.ts"
import type { Architecture } from "./architecture.ts"
import type { ConfigFields } from "../checkpoint/config-fields.ts"
import { readLlamaFamily, type FamilyMember } from "./llama-family.ts"
import { readWindows } from "./windows.ts"

export function readGemma(fields: ConfigFields): Architecture {
  return readGemmaFamily(fields, {
    modelType: "gemma",
    className: "Gemma",
    defaults: {
      vocabSize: 256000,
      contextLength: 8192,
      dModel: 3072,
      nLayers: 28,
      nHeads: 16,
      dHead: 256,
      dMlp: 24576,
      epsilon: 1e-6,
      tied: true,
    },
  })
}

export function readGemma2(fields: ConfigFields): Architecture {
  const plain = readGemmaFamily(fields, {
    modelType: "gemma2",
    className: "Gemma2",
    defaults: {
      vocabSize: 256000,
      contextLength: 8192,
      dModel: 2304,
      nLayers: 26,
      nHeads: 8,
      nKvHeads: 4,
      dHead: 256,
      dMlp: 9216,
      epsilon: 1e-6,
      tied: true,
    },
  })
  const window = fields.countOrNull("sliding_window", 4096)
  const scoreCap = fields.positiveOrNull("attn_logit_softcapping", 50)
  const logitCap = fields.positiveOrNull("final_logit_softcapping", 30)
  return {
    ...plain,
    block: {
      ...plain.block,
      attentionPostNorm: "post_attention_layernorm",
      mlpNorm: "pre_feedforward_layernorm",
      mlpPostNorm: "post_feedforward_layernorm",
    },
    attention: {
      scale: 1 / Math.sqrt(fields.positive("query_pre_attn_scalar", 256)),
      ...(scoreCap === undefined ? {} : { softCap: scoreCap }),
      ...readWindows(fields, { ...plain, window, has: (layer) => layer % 2 === 0 }),
    },
    ...(logitCap === undefined ? {} : { logitSoftCap: logitCap }),
  }
}

function readGemmaFamily(fields: ConfigFields, member: FamilyMember): Architecture {
  const bias = fields.boolean("attention_bias", false)
  const biases = { projections: bias, output: bias }
  const plain = readLlamaFamily(fields, { ...member, biases })
  const { norm, block, dModel } = plain
  const activation = readActivation(fields, "hidden_activation", "gelu_pytorch_tanh")
  // Older releases of transformers read hidden_activation, newer ones hidden_act of the first Gemma. The first releases of
  // Gemma say gelu there and mean its approximation.
  const older = fields.string("hidden_act", "gelu")
  if (older !== "gelu" && readActivation(fields, "hidden_act", older) !== activation) {
    fields.fail("hidden_act", "what hidden_activation says")
  }
  return {
    ...plain,
    embedding: { ...plain.embedding, scale: Math.fround(Math.sqrt(dModel)) },
    norm: { kind: "rms", epsilon: norm.epsilon, plusOne: true },
    block: { ...block, mlp: { ...block.mlp, activation } },
  }
}

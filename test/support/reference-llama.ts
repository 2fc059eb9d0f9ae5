// LLaMA in float64 and plain loops, one sequence at a time, written from the architecture's definition: an oracle for
// the engine that shares none of its code, not even the reader of config.json. It takes Hugging Face's fields and
// tensor names and keeps every quantity that a site names.
// Sources: Touvron et al. 2023 (arXiv 2302.13971), section 2.2; Su et al. 2021 (RoFormer, arXiv 2104.09864); Ainslie
// et al. 2023 (grouped queries, arXiv 2305.13245); rope scaling as described for Llama 3.1's config.json.

type Vector = number[]

export interface ReferenceConfig {
  readonly hidden_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly num_key_value_heads: number
  readonly head_dim?: number
  readonly rms_norm_eps: number
  readonly rope_theta?: number
  readonly rope_scaling?: Readonly<Record<string, string | number>> | null
  readonly tie_word_embeddings?: boolean
}

/** A tensor by its name in the checkpoint, row by row; undefined where there is none. */
export type ReferenceWeights = (name: string) => Float32Array | undefined

/** Every site's value and the logits at every token of a sequence. */
export function referenceLlama(
  config: ReferenceConfig,
  weights: ReferenceWeights,
  tokens: readonly number[],
): Map<string, Vector[]> {
  const { hidden_size: width, num_attention_heads: nHeads, num_key_value_heads: nKv } = config
  const dHead = config.head_dim ?? width / nHeads
  const sites = new Map<string, Vector[]>()
  const need = (name: string): Float32Array => {
    const found = weights(name)
    if (!found) throw new Error(`the reference finds no ${name}`)
    return found
  }
  const linear = (name: string, x: Vector): Vector => {
    const matrix = need(`${name}.weight`)
    const bias = weights(`${name}.bias`)
    return Array.from({ length: matrix.length / x.length }, (_, out) => {
      let sum = bias?.[out] ?? 0
      for (let k = 0; k < x.length; k++) sum += matrix[out * x.length + k]! * x[k]!
      return sum
    })
  }
  const norm = (name: string, x: Vector): Vector => {
    const gain = need(`${name}.weight`)
    const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length
    return x.map((value, k) => (value / Math.sqrt(meanSquare + config.rms_norm_eps)) * gain[k]!)
  }

  const embedding = need("model.embed_tokens.weight")
  let stream = tokens.map((id) => Array.from(embedding.subarray(id * width, (id + 1) * width)))
  sites.set("resid.0", stream)
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`
    const normed = stream.map((x) => norm(`${layer}.input_layernorm`, x))
    const heads = (name: string, count: number, rotated: boolean): Vector[][] =>
      normed.map((x, position) => {
        const all = linear(`${layer}.self_attn.${name}`, x)
        return Array.from({ length: count }, (_, h) => {
          const head = all.slice(h * dHead, (h + 1) * dHead)
          return rotated ? rotate(head, position, config) : head
        })
      })
    const q = heads("q_proj", nHeads, true)
    const k = heads("k_proj", nKv, true)
    const v = heads("v_proj", nKv, false)
    const attended = tokens.map((_, at) =>
      Array.from({ length: nHeads }, (_, h) => {
        const group = Math.floor((h * nKv) / nHeads)
        const scores: number[] = []
        for (let j = 0; j <= at; j++) scores.push(dot(q[at]![h]!, k[j]![group]!) / Math.sqrt(dHead))
        const largest = Math.max(...scores)
        const exponentials = scores.map((score) => Math.exp(score - largest))
        const total = exponentials.reduce((a, b) => a + b)
        return Array.from({ length: dHead }, (_, d) =>
          exponentials.reduce((sum, weight, j) => sum + (weight / total) * v[j]![group]![d]!, 0),
        )
      }).flat(),
    )
    sites.set(`heads.${i}`, attended)
    const between = stream.map((x, t) => add(x, linear(`${layer}.self_attn.o_proj`, attended[t]!)))
    const mlp = between.map((x) => {
      const input = norm(`${layer}.post_attention_layernorm`, x)
      const up = linear(`${layer}.mlp.up_proj`, input)
      const gated = linear(`${layer}.mlp.gate_proj`, input).map((g, d) => (g / (1 + Math.exp(-g))) * up[d]!)
      return linear(`${layer}.mlp.down_proj`, gated)
    })
    sites.set(`mlp.${i}`, mlp)
    stream = between.map((x, t) => add(x, mlp[t]!))
    sites.set(`resid.${i + 1}`, stream)
  }
  const final = stream.map((x) => norm("model.norm", x))
  sites.set("final", final)
  const head = config.tie_word_embeddings ? "model.embed_tokens" : "lm_head"
  sites.set(
    "logits",
    final.map((x) => linear(head, x)),
  )
  return sites
}

/** Turns the pairs (d, d + dHead/2) of a head by position · frequency: Hugging Face's layout of LLaMA's rotation. */
function rotate(head: Vector, position: number, config: ReferenceConfig): Vector {
  const half = head.length / 2
  const turned = [...head]
  for (let d = 0; d < half; d++) {
    const angle = position * frequency(d, head.length, config)
    turned[d] = head[d]! * Math.cos(angle) - head[d + half]! * Math.sin(angle)
    turned[d + half] = head[d + half]! * Math.cos(angle) + head[d]! * Math.sin(angle)
  }
  return turned
}

function frequency(
  d: number,
  dHead: number,
  { rope_theta: theta = 10000, rope_scaling }: ReferenceConfig,
): number {
  const plain = theta ** ((-2 * d) / dHead)
  if (!rope_scaling) return plain
  const { rope_type, factor, low_freq_factor, high_freq_factor, original_max_position_embeddings } =
    rope_scaling
  if (rope_type === "linear") return plain / Number(factor)
  // llama3: wavelengths that the original context holds many times stay, those that it hardly holds once stretch.
  const turns = (Number(original_max_position_embeddings) * plain) / (2 * Math.PI)
  const share = (turns - Number(low_freq_factor)) / (Number(high_freq_factor) - Number(low_freq_factor))
  const kept = Math.min(1, Math.max(0, share))
  return kept * plain + ((1 - kept) * plain) / Number(factor)
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0)
}

function add(a: Vector, b: Vector): Vector {
  return a.map((value, k) => value + b[k]!)
}

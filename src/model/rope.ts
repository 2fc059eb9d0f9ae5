// Rotary position embeddings: the angle of every position and frequency, and the scalings that stretch them.
// Rounded to float32 where Hugging Face's code rounds, so that large positions agree with the checkpoints'
// own training: the frequencies, their products with positions, and the cosines.
// Source: transformers, modeling_rope_utils.py (default, linear, llama3).

import type { ConfigFields } from "./config-fields.ts"

export type Rope =
  | { readonly type: "default"; readonly theta: number }
  | { readonly type: "linear"; readonly theta: number; readonly factor: number }
  | {
      readonly type: "llama3"
      readonly theta: number
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly originalContextLength: number
    }

/**
 * Reads rope_theta and rope_scaling (or the newer rope_parameters).
 *
 * @param options.thetaField - an older name of rope_theta
 */
export function readRope(
  fields: ConfigFields,
  { contextLength, thetaField = "rope_theta" }: { contextLength: number; thetaField?: string },
): Rope {
  const parameters = fields.object("rope_parameters")
  const scaling = parameters ?? fields.object("rope_scaling")
  const plain = fields.positive("rope_theta", fields.positive(thetaField, 10000))
  const theta = (parameters ?? fields).positive("rope_theta", plain)
  const type = scaling?.string("rope_type", scaling.string("type", "default")) ?? "default"
  if (!scaling || type === "default") return { type: "default", theta }
  switch (type) {
    case "linear":
      return { type, theta, factor: scaling.positive("factor") }
    case "llama3":
      return {
        type,
        theta,
        factor: scaling.positive("factor"),
        lowFrequencyFactor: scaling.positive("low_freq_factor"),
        highFrequencyFactor: scaling.positive("high_freq_factor"),
        originalContextLength: scaling.count("original_max_position_embeddings", contextLength),
      }
    default:
      return scaling.fail("rope_type", "one of default, linear, llama3", type)
  }
}

/** Inverse frequencies of heads of which `width` dims are turned, float32 `[width / 2]`. */
export function inverseFrequencies(rope: Rope, width: number): Float32Array {
  const base = Float32Array.from(
    { length: width / 2 },
    (_, i) => 1 / Math.fround(rope.theta ** ((2 * i) / width)),
  )
  switch (rope.type) {
    case "default":
      return base
    case "linear":
      return base.map((frequency) => frequency / rope.factor)
    case "llama3": {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = rope
      return base.map((frequency) => {
        const wavelength = (2 * Math.PI) / frequency
        if (wavelength > originalContextLength / low) return frequency / factor
        if (wavelength < originalContextLength / high) return frequency
        const smooth = (originalContextLength / wavelength - low) / (high - low)
        return ((1 - smooth) * frequency) / factor + smooth * frequency
      })
    }
  }
}

/** Cosines and sines of every position's angles, float32 `[nPositions, width / 2]` each. */
export function rotaryTables(
  rope: Rope,
  { width, nPositions }: { width: number; nPositions: number },
): { cos: Float32Array; sin: Float32Array } {
  const frequencies = inverseFrequencies(rope, width)
  const half = frequencies.length
  const cos = new Float32Array(nPositions * half)
  const sin = new Float32Array(nPositions * half)
  for (let position = 0; position < nPositions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i]!)
      cos[position * half + i] = Math.cos(angle)
      sin[position * half + i] = Math.sin(angle)
    }
  }
  return { cos, sin }
}

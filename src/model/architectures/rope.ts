// Rotary position embeddings: the angle of every position and frequency, and the scalings that stretch them.
// Rounded to float32 where Hugging Face's code rounds, so that large positions agree with the checkpoints'
// own training: the frequencies, their products with positions, and the cosines.
// Source: transformers 4.57, modeling_rope_utils.py (default, linear, llama3, yarn, dynamic, longrope).
//
// Two scalings choose their frequencies by the length of the sequence: dynamic and longrope, which change them once a
// sequence is longer than the original context. Sequences up to that length are read as transformers reads them; the
// context ends there ({@link ropeContext}), so that longer ones are left out and counted, never read otherwise.

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
  | {
      readonly type: "yarn"
      readonly theta: number
      readonly factor: number
      /** Rotations over the original context above which a frequency stays, and below which it is divided. */
      readonly betaFast: number
      readonly betaSlow: number
      /** Whether the ends of the ramp are whole dimensions. */
      readonly truncate: boolean
      readonly attentionFactor: number
      readonly originalContextLength: number
    }
  | { readonly type: "dynamic"; readonly theta: number; readonly originalContextLength: number }
  | {
      readonly type: "longrope"
      readonly theta: number
      /** Of sequences up to the original context, one for each frequency. */
      readonly factors: readonly number[]
      readonly attentionFactor: number
      readonly originalContextLength: number
    }

/** The longest sequence whose frequencies are those of the tables: the original context where longer ones have others. */
export function ropeContext(rope: Rope, contextLength: number): number {
  return rope.type === "dynamic" || rope.type === "longrope"
    ? Math.min(contextLength, rope.originalContextLength)
    : contextLength
}

/** Inverse frequencies of heads of which `width` dims are turned, float32 `[width / 2]`. */
export function inverseFrequencies(rope: Rope, width: number): Float32Array {
  const base = Float32Array.from(
    { length: width / 2 },
    (_, i) => 1 / Math.fround(rope.theta ** ((2 * i) / width)),
  )
  switch (rope.type) {
    case "default":
    case "dynamic":
      return base
    case "yarn":
      return yarnFrequencies(rope, base, width)
    case "longrope":
      return base.map(
        (_, i) => 1 / Math.fround(rope.factors[i]! * Math.fround(rope.theta ** ((2 * i) / width))),
      )
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

/** YaRN: frequencies that turn often over the original context stay, those that turn less than once are divided. */
function yarnFrequencies(
  { theta, factor, betaFast, betaSlow, truncate, originalContextLength }: Extract<Rope, { type: "yarn" }>,
  base: Float32Array,
  width: number,
): Float32Array {
  const dimension = (rotations: number): number =>
    (width * Math.log(originalContextLength / (rotations * 2 * Math.PI))) / (2 * Math.log(theta))
  const [fast, slow] = [dimension(betaFast), dimension(betaSlow)]
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0)
  const high = Math.min(truncate ? Math.ceil(slow) : slow, width - 1)
  const span = low === high ? 0.001 : high - low
  return base.map((frequency, i) => {
    const kept = 1 - Math.min(1, Math.max(0, (i - low) / span))
    return (frequency / factor) * (1 - kept) + frequency * kept
  })
}

/**
 * Cosines and sines of every position's angles, times the attention factor of the scalings that have one, float32
 * `[nPositions, width / 2]` each.
 */
export function rotaryTables(
  rope: Rope,
  { width, nPositions }: { width: number; nPositions: number },
): { cos: Float32Array; sin: Float32Array } {
  const frequencies = inverseFrequencies(rope, width)
  const half = frequencies.length
  const scale = "attentionFactor" in rope ? rope.attentionFactor : 1
  const cos = new Float32Array(nPositions * half)
  const sin = new Float32Array(nPositions * half)
  for (let position = 0; position < nPositions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i]!)
      cos[position * half + i] = Math.cos(angle) * scale
      sin[position * half + i] = Math.sin(angle) * scale
    }
  }
  return { cos, sin }
}

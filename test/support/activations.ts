// Activation sets made of matrices in memory: what a probe is given, without a model, a tokenizer or a file.

import type { ActivationSet, HeadLayout } from "../../activations/activation-set.ts"
import type { Matrix } from "../../activations/cache/index.ts"
import type { Distribution, Pair } from "../../src/data/index.ts"
import { unknownName } from "../../src/base/errors.ts"
import { random } from "../../src/base/random.ts"

export interface Material {
  /** A matrix per site, in the model's order: float32 `[nRows, width]`, row by row. */
  readonly sites: Readonly<Record<string, Float32Array<ArrayBuffer>>>
  /** What each row is; by default examples in order, of each the better response, then the worse one. */
  readonly rows?: readonly { readonly example: number; readonly response: number }[]
  readonly nRows: number
  readonly layout?: HeadLayout
  /** Prompt of each example; by default all differ. */
  readonly prompts?: readonly string[]
  readonly id?: string
}

export interface Row {
  readonly example: number
  readonly response: number
  readonly variant: string
  readonly position: number
}

/** A set of given rows: examples with two responses each, the first of which is the better; they begin at `start`. */
export function setOfRows(
  rows: readonly Row[],
  sites: Readonly<Record<string, Float32Array<ArrayBuffer>>>,
  {
    id = "made",
    prompts,
    start = 0,
    layout = { nHeads: 1, dHead: 1 },
    hasVariants = true,
  }: {
    id?: string
    prompts?: readonly string[]
    start?: number
    layout?: HeadLayout
    /** False where one row stands for a response under every variant. */
    hasVariants?: boolean
  } = {},
): ActivationSet {
  const nRows = rows.length
  const nExamples = Math.max(...rows.map(({ example }) => example)) + 1
  const distribution: Distribution = {
    id,
    split: "train",
    fingerprint: id,
    examples: Array.from({ length: nExamples }, (_, index) => ({
      index,
      prompt: prompts?.[index] ?? `prompt ${index}`,
      responses: [
        { text: "better", label: 1 as const },
        { text: "worse", label: 0 as const },
      ],
    })),
  }
  const index = new Map<string, number[]>()
  rows.forEach(({ example, response, variant }, row) => {
    const key = `${example} ${response} ${variant}`
    index.set(key, [...(index.get(key) ?? []), row])
  })
  for (const found of index.values()) found.sort((a, b) => rows[a]!.position - rows[b]!.position)
  const names = Object.keys(sites)
  const widthOf = (site: string): number => {
    const data = sites[site]
    if (!data) throw unknownName("site", site, names)
    return data.length / nRows
  }
  const firstVariant = rows[0]!.variant
  const rowsOf: ActivationSet["rowsOf"] = (example, response, variant = firstVariant) =>
    index.get(`${example} ${response} ${hasVariants ? variant : firstVariant}`) ?? []
  return {
    distribution,
    layout,
    sites: names,
    rows: {
      example: Int32Array.from(rows, ({ example }) => example),
      response: Int32Array.from(rows, ({ response }) => response),
      variant: rows.map(({ variant }) => variant),
      position: Int32Array.from(rows, ({ position }) => position),
      label: Int8Array.from(rows, ({ response }) => (response === 0 ? 1 : 0)),
      nTokens: new Int32Array(nRows).fill(1),
      textHash: rows.map(() => "0".repeat(16)),
    },
    widthOf,
    matrix: async (site): Promise<Matrix> => ({ data: sites[site]!, nRows, width: widthOf(site) }),
    rowsOf,
    responseStart: async () => start,
    scorable: (pairs) =>
      pairs.filter(
        ({ example, better, worse }) =>
          rowsOf(example, better).length > 0 && rowsOf(example, worse).length > 0,
      ),
  }
}

/** The set of examples with two responses each, one row a response; the first response is the better. */
export function setOf({ sites, nRows, rows, layout, prompts, id }: Material): ActivationSet {
  const places =
    rows ?? Array.from({ length: nRows }, (_, row) => ({ example: Math.floor(row / 2), response: row % 2 }))
  return setOfRows(
    places.map((place) => ({ ...place, variant: "plain", position: 0 })),
    sites,
    {
      hasVariants: false,
      ...(layout && { layout }),
      ...(prompts && { prompts }),
      ...(id !== undefined && { id }),
    },
  )
}

/** The pairs of these examples of a set, or of all. */
export function pairsOf(set: ActivationSet, examples?: readonly number[]): Pair[] {
  const indices = examples ?? set.distribution.examples.map(({ index }) => index)
  return indices.map((example) => ({ example, better: 0, worse: 1 }))
}

/** Each pair the other way round: the worse response given as the better. */
export function swapped(pairs: readonly Pair[]): Pair[] {
  return pairs.map(({ example, better, worse }) => ({ example, better: worse, worse: better }))
}

/** Columns `begin` to `begin + width` of a matrix with `stride` columns. */
export function columns(
  data: Float32Array,
  { stride, begin, width }: { stride: number; begin: number; width: number },
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: (data.length / stride) * width }, (_, i) => {
    return data[Math.floor(i / width) * stride + begin + (i % width)]!
  })
}

export interface WorldOptions {
  readonly seed: number
  readonly nPairs?: number
  readonly nLayers?: number
  readonly nHeads?: number
  readonly dHead?: number
  /** Distance between better and worse along the truth, in units of the noise within a response. */
  readonly truth?: number
  /** Standard deviation of the distractor, which says nothing about which response is better. */
  readonly distractor?: number
}

/**
 * A model that knows: at layers 1 and up every head holds truth (better +, worse −), a distractor of another direction
 * and noise of deviation 1; layer 0 holds noise alone. The directions are unit vectors of the heads and belong to the
 * world, not to the seed: sets of other seeds are other samples of it.
 */
export function makeWorld(options: WorldOptions): ActivationSet {
  const { seed, nPairs = 200, nLayers = 3, nHeads = 2, dHead = 8, truth = 2, distractor = 0 } = options
  const nRows = 2 * nPairs
  const sites: Record<string, Float32Array<ArrayBuffer>> = {}
  const width = nHeads * dHead
  const counts = { heads: nLayers, resid: nLayers + 1, mlp: nLayers }
  for (const [kind, count] of Object.entries(counts)) {
    for (let layer = 0; layer < count; layer++) {
      const noise = random(seed, "world", kind, layer)
      const data = Float32Array.from({ length: nRows * width }, noise.normal)
      const nKnowing = layer > 0 ? nHeads : 0
      for (let head = 0; head < nKnowing; head++) {
        const truthDirection = unitVector(dHead, "truth", kind, layer, head)
        const distractorDirection = unitVector(dHead, "distractor", kind, layer, head)
        for (let row = 0; row < nRows; row++) {
          const amount = (row % 2 === 0 ? truth : -truth) / 2
          const loud = noise.normal() * distractor
          for (let j = 0; j < dHead; j++) {
            data[row * width + head * dHead + j]! +=
              amount * truthDirection[j]! + loud * distractorDirection[j]!
          }
        }
      }
      sites[`${kind}.${layer}`] = data
    }
  }
  // What is after the last block, normalised or not, is all the same here.
  sites.final = sites[`resid.${nLayers}`]!.slice()
  return setOf({ sites, nRows, layout: { nHeads, dHead }, id: `world ${seed}` })
}

/** A set with the same responses at other rows. */
export function reordered(set: ActivationSet, order: readonly number[]): Promise<ActivationSet> {
  return transformed(set, (data, width) =>
    Float32Array.from(data, (_, i) => data[order[Math.floor(i / width)]! * width + (i % width)]!),
  ).then((moved) => {
    const rows = order.map((row) => ({
      example: set.rows.example[row]!,
      response: set.rows.response[row]!,
    }))
    return rebuilt(moved, rows)
  })
}

/** A set whose matrices went through a function. */
export async function transformed(
  set: ActivationSet,
  change: (data: Float32Array<ArrayBuffer>, width: number, site: string) => Float32Array<ArrayBuffer>,
): Promise<ActivationSet> {
  const matrices = new Map<string, Matrix>()
  for (const site of set.sites) {
    const { data, nRows, width } = await set.matrix(site)
    const changed = change(data, width, site)
    matrices.set(site, { data: changed, nRows, width: changed.length / nRows })
  }
  return {
    ...set,
    matrix: async (site) => matrices.get(site)!,
    widthOf: (site) => matrices.get(site)!.width,
  }
}

async function rebuilt(
  set: ActivationSet,
  rows: readonly { example: number; response: number }[],
): Promise<ActivationSet> {
  const sites: Record<string, Float32Array<ArrayBuffer>> = {}
  for (const site of set.sites) sites[site] = (await set.matrix(site)).data
  return {
    ...setOf({ sites, rows, nRows: rows.length, layout: set.layout }),
    distribution: set.distribution,
  }
}

function unitVector(length: number, ...labels: (string | number)[]): number[] {
  const { normal } = random(0, "world", ...labels)
  const values = Array.from({ length }, normal)
  const norm = Math.hypot(...values)
  return values.map((value) => value / norm)
}

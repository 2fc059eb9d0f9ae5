// The activations of one distribution as probes see them: examples and pairs on one side, a matrix per site on the
// other, and which row of it belongs to which response. Sites are read when asked for, one at a time.

import type { Distribution } from "../src/data/distribution.ts"
import type { Pair } from "../src/data/pairs.ts"
import { unknownName } from "../src/base/errors.ts"
import type { ActivationCache, Matrix, Rows } from "./cache/index.ts"
import type { ResponseStarts } from "../src/sequences/response-start.ts"

/** Query heads of a model: what a `heads.i` site is made of. */
export interface HeadLayout {
  readonly nHeads: number
  readonly dHead: number
}

export interface ActivationSet {
  readonly distribution: Distribution
  readonly layout: HeadLayout
  /** Sites that can be read, in the model's order. */
  readonly sites: readonly string[]
  /** What each row of every matrix is. */
  readonly rows: Rows
  /** Columns of a site's matrix. */
  widthOf(site: string): number
  /** Activations at a site, float32 `[nRows, width]`. */
  matrix(site: string): Promise<Matrix>
  /** Rows of a response, in the order of positions; none where it did not fit the context. */
  rowsOf(example: number, response: number, variant?: string): readonly number[]
  /** Position of the first token of an example's responses under a variant (the first by default). */
  responseStart(example: number, variant?: string): Promise<number>
  /** The pairs whose two responses both have a row, under every variant of the stimulus. */
  scorable(pairs: readonly Pair[]): Pair[]
}

/**
 * Pairs an extracted cache with the distribution it was made of.
 *
 * @param starts - finds where its responses begin; asked only when a probe wants to know
 */
export async function activationSet(
  distribution: Distribution,
  cache: ActivationCache,
  layout: HeadLayout,
  starts: () => Promise<ResponseStarts>,
): Promise<ActivationSet> {
  const rows = await cache.rows()
  const sites = cache.manifest.sites.map(({ site }) => site)
  const index = new Map<string, number[]>()
  for (let row = 0; row < rows.example.length; row++) {
    const key = `${rows.example[row]} ${rows.response[row]} ${rows.variant[row]}`
    const known = index.get(key)
    if (known) known.push(row)
    else index.set(key, [row])
  }
  const variants = [...new Set(rows.variant)]
  const firstVariant = variants[0] ?? ""
  let foundStarts: Promise<ResponseStarts> | undefined
  const rowsOf: ActivationSet["rowsOf"] = (example, response, variant = firstVariant) =>
    index.get(`${example} ${response} ${variant}`) ?? []
  return {
    distribution,
    layout,
    sites,
    rows,
    widthOf(site) {
      const found = cache.manifest.sites.find((column) => column.site === site)
      if (!found) throw unknownName("site", site, sites)
      return found.width
    },
    matrix: (site) => cache.site(site),
    rowsOf,
    async responseStart(example, variant = firstVariant) {
      foundStarts ??= starts()
      return (await foundStarts).startOf(example, variant)
    },
    scorable(pairs) {
      const whole = (example: number, response: number): boolean =>
        variants.every((variant) => rowsOf(example, response, variant).length > 0)
      return pairs.filter(({ example, better, worse }) => whole(example, better) && whole(example, worse))
    },
  }
}

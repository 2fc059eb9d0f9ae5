// Combining the variants of a stimulus: act(Yes) − α · act(No) of each response as a set of activations of its own, so
// that a probe of plain responses can be fitted on it unchanged.

import type { ActivationSet } from "../../activations/activation-set.ts"
import { LitmusError } from "../../src/base/errors.ts"
import type { FittedProbe, ProbeRecord } from "./probe.ts"

/** How much each variant counts: `{ yes: 1, no: -1 }`. */
export type VariantWeights = Readonly<Record<string, number>>

/**
 * The set whose activations are sums of a response's variants.
 *
 * @param weights - factor of each variant; responses that lack one of them, being too long, are left out
 * @param beside - a second combination, placed in further columns after those of the first
 * @throws {LitmusError} if no response has all of them
 */
export function combineVariants(
  set: ActivationSet,
  weights: VariantWeights,
  beside?: VariantWeights,
): ActivationSet {
  const { example, response, label } = set.rows
  const combinations = [weights, ...(beside ? [beside] : [])].map((chosen) =>
    Object.keys(weights).map((variant) => chosen[variant] ?? 0),
  )
  const places: { row: number; parts: number[] }[] = []
  const index = new Map<string, number>()
  for (let row = 0; row < example.length; row++) {
    const key = `${example[row]} ${response[row]}`
    if (index.has(key)) continue
    const parts = Object.keys(weights).map((variant) => set.rowsOf(example[row]!, response[row]!, variant)[0])
    if (parts.some((part) => part === undefined)) continue
    index.set(key, places.length)
    places.push({ row, parts: parts as number[] })
  }
  if (places.length === 0 && example.length > 0) {
    throw new LitmusError(
      `${set.distribution.id} ${set.distribution.split}: expected the variants ${Object.keys(weights).join(" and ")} of each response, got ${[...new Set(set.rows.variant)].join(", ")}`,
    )
  }
  const rowsOf: ActivationSet["rowsOf"] = (of, which) => {
    const place = index.get(`${of} ${which}`)
    return place === undefined ? [] : [place]
  }
  const pick = <T>(values: { [row: number]: T }): T[] => places.map(({ row }) => values[row]!)
  return {
    ...set,
    rows: {
      example: Int32Array.from(pick(example)),
      response: Int32Array.from(pick(response)),
      variant: places.map(() => Object.keys(weights).join(" ")),
      position: Int32Array.from(pick(set.rows.position)),
      label: Int8Array.from(pick(label)),
      nTokens: Int32Array.from(pick(set.rows.nTokens)),
      textHash: pick(set.rows.textHash),
    },
    async matrix(site) {
      const { data, width } = await set.matrix(site)
      const stride = combinations.length * width
      const combined = new Float32Array(places.length * stride)
      places.forEach(({ parts }, i) => {
        combinations.forEach((factors, c) => {
          for (let j = 0; j < width; j++) {
            let sum = 0
            for (let v = 0; v < factors.length; v++) sum += factors[v]! * data[parts[v]! * width + j]!
            combined[i * stride + c * width + j] = sum
          }
        })
      })
      return { data: combined, nRows: places.length, width: stride }
    },
    rowsOf,
    scorable: (pairs) =>
      pairs.filter(
        ({ example: of, better, worse }) => rowsOf(of, better).length > 0 && rowsOf(of, worse).length > 0,
      ),
  }
}

/** A probe that was fitted on combined variants, as one that scores sets with the variants apart. */
export function onCombinedVariants(inner: FittedProbe, weights: VariantWeights): FittedProbe {
  return {
    ...inner,
    async scoreResponses(target) {
      // Every row gets the score of its response; one without all variants has none: NaN.
      const combined = combineVariants(target, weights)
      const scores = await inner.scoreResponses(combined)
      const { example, response } = target.rows
      return Float64Array.from(
        example,
        (of, row) => scores[combined.rowsOf(of, response[row]!)[0] ?? -1] ?? Number.NaN,
      )
    },
    scorePairs: (target, pairs) => inner.scorePairs(combineVariants(target, weights), pairs),
    record() {
      const record = inner.record()
      return { ...record, fields: { ...record.fields, variants: weights } }
    },
  }
}

/** Reads a probe of combined variants back. */
export function restoreOnCombinedVariants(
  record: ProbeRecord,
  restore: (record: ProbeRecord) => FittedProbe,
): FittedProbe {
  const { variants } = record.fields
  const entries = Object.entries(variants ?? {})
  if (entries.length === 0 || !entries.every(([, weight]) => Number.isFinite(weight))) {
    throw new LitmusError(
      `${record.probe}: expected the weights of the variants, got ${JSON.stringify(variants)}`,
    )
  }
  return onCombinedVariants(restore(record), variants as VariantWeights)
}

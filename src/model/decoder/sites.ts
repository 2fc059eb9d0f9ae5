// Sites: the places in a decoder whose activations can be read, how wide they are and what they hold.

import { finalSite, means, siteAt, type Site } from "../../base/sites.ts"
import { LitmusError } from "../../base/errors.ts"
import type { Architecture } from "../architectures/architecture.ts"

/** What a site holds. */
export interface SiteInfo {
  readonly site: Site
  /** Floats per token. */
  readonly width: number
  /** What the numbers are, in words. */
  readonly convention: string
}

/** Every site of a model, in the order in which they are computed. */
export function allSites(architecture: Architecture): SiteInfo[] {
  const { nLayers, dModel, nHeads, dHead, embedding, block } = architecture
  const begin = embedding.positions ? "embedding output, positions added" : "embedding output"
  const beforeNorm = block.mlpPostNorm === undefined ? "" : ", before the norm that follows it"
  const sites: SiteInfo[] = [residual(0, dModel, begin)]
  for (let i = 0; i < nLayers; i++) {
    sites.push(
      {
        site: siteAt("heads", i),
        width: nHeads * dHead,
        convention: `attention output of block ${i}, ${nHeads} query heads of ${dHead}, before the output projection`,
      },
      { site: siteAt("mlp", i), width: dModel, convention: `output of the MLP of block ${i}${beforeNorm}` },
      residual(i + 1, dModel, `residual stream after block ${i}, not normalised`),
    )
  }
  sites.push({ site: finalSite, width: dModel, convention: "residual stream after the final norm" })
  return sites
}

function residual(layer: number, dModel: number, convention: string): SiteInfo {
  return { site: siteAt("resid", layer), width: dModel, convention }
}

/**
 * The sites that patterns name: a site, or a kind (`resid`, `heads`, `mlp`) for all of its layers, or `all`.
 *
 * @returns without repetition, in the order in which the model computes them
 * @throws {LitmusError} for a name that this model does not have
 */
export function expandSites(patterns: readonly string[], architecture: Architecture): SiteInfo[] {
  const all = allSites(architecture)
  for (const pattern of patterns) {
    if (!all.some(({ site }) => means(pattern, site))) {
      const last = architecture.nLayers - 1
      throw new LitmusError(
        `unknown site "${pattern}": this model has resid.0 … resid.${last + 1}, heads.0 … heads.${last}, mlp.0 … mlp.${last}, final (a kind alone, as "heads", names all its layers)`,
      )
    }
  }
  return all.filter(({ site }) => patterns.some((pattern) => means(pattern, site)))
}

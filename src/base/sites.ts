// How sites are written, on the command line, in options, in files and in the report: `resid.12`, `heads.3`, `mlp.0`, `final`;
// one head of a site as `heads.3#2`; all sites of a kind as `resid`, `heads`, `mlp`. Which sites a model has:
// src/model/decoder/sites.ts.

/** A place in a model whose activations can be read: `resid.ℓ`, `heads.i`, `mlp.i` or `final`. */
export type Site = string

export type SiteKind = "resid" | "heads" | "mlp" | "final"

/** What a name says. */
export interface SiteName {
  readonly kind: SiteKind
  /** Absent for `final`, and where all sites of the kind are meant. */
  readonly layer?: number
  /** Query head; only of `heads`. */
  readonly head?: number
}

/** The state after the last norm. */
export const finalSite: Site = "final"

/** The site of a layer: `resid.12`. */
export function siteAt(kind: Exclude<SiteKind, "final">, layer: number): Site {
  return `${kind}.${layer}`
}

/** The name of a site, or of one head of it: `heads.3#2`. */
export function unitName({ site, head }: { readonly site: Site; readonly head?: number }): string {
  return head === undefined ? site : `${site}#${head}`
}

const pattern = /^(?:(resid|mlp)(?:\.(\d+))?|(heads)(?:\.(\d+)(?:#(\d+))?)?|(final))$/

/** Reads a name; undefined for what is no name of a site. */
export function parseSite(name: string): SiteName | undefined {
  const [all, flat, flatLayer, heads, headsLayer, head, final] = pattern.exec(name) ?? []
  if (all === undefined) return undefined
  const layer = flatLayer ?? headsLayer
  return {
    kind: (flat ?? heads ?? final) as SiteKind,
    ...(layer === undefined ? {} : { layer: Number(layer) }),
    ...(head === undefined ? {} : { head: Number(head) }),
  }
}

/** Names separated by commas, each with the site (or kind of sites) and the head that it names. */
export function splitNames(list: string): { name: string; site: Site; head: number | undefined }[] {
  return list.split(",").map((name) => {
    const [site = "", head] = name.split("#")
    return { name, site, head: head === undefined ? undefined : Number(head) }
  })
}

/** The kind of a site. */
export function kindOf(site: Site): string {
  return site.split(".")[0]!
}

/** Whether a name means a site: `resid.3` and `resid` mean `resid.3`, `all` means every site. */
export function means(name: Site, site: Site): boolean {
  return name === site || name === "all" || name.replace(/\.\*$/, "") === kindOf(site)
}

/** What names of sites look like, for help and errors. */
export const siteExamples = "resid, heads, mlp, final, or sites as resid.3,resid.4 or heads.3#2"

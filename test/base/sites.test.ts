// How sites are written: what is printed is read back, and nothing else is taken for a site.

import { expect, test } from "vitest"
import { kindOf, means, parseSite, siteAt, splitNames, unitName } from "../../src/base/sites.ts"

test.each([
  ["resid", { kind: "resid" }],
  ["resid.0", { kind: "resid", layer: 0 }],
  ["resid.12", { kind: "resid", layer: 12 }],
  ["mlp.3", { kind: "mlp", layer: 3 }],
  ["heads", { kind: "heads" }],
  ["heads.3", { kind: "heads", layer: 3 }],
  ["heads.3#0", { kind: "heads", layer: 3, head: 0 }],
  ["heads.3#21", { kind: "heads", layer: 3, head: 21 }],
  ["final", { kind: "final" }],
])("%s is read", (name, read) => {
  expect(parseSite(name)).toEqual(read)
})

test.each([
  "",
  "resid.",
  "resid.x",
  "resid.1.2",
  "resid.1#2",
  "heads#2",
  "heads.3#",
  "final.0",
  "all",
  " resid",
  "Resid.1",
])("%j is no name of a site", (name) => {
  expect(parseSite(name)).toBeUndefined()
})

test("what is printed is read back", () => {
  for (const kind of ["resid", "heads", "mlp"] as const) {
    for (const layer of [0, 7, 31]) {
      const site = siteAt(kind, layer)
      expect(parseSite(site)).toEqual({ kind, layer })
      expect(kindOf(site)).toBe(kind)
    }
  }
  const unit = { site: siteAt("heads", 3), head: 2 }
  expect(unitName(unit)).toBe("heads.3#2")
  expect(splitNames(`${unitName(unit)},resid`)).toEqual([
    { name: "heads.3#2", ...unit },
    { name: "resid", site: "resid", head: undefined },
  ])
})

test("a name means a site by itself, by its kind, or with all", () => {
  const sites = ["resid.0", "resid.1", "heads.1", "mlp.1", "final"]
  const meant = (name: string): string[] => sites.filter((site) => means(name, site))
  expect(meant("resid.1")).toEqual(["resid.1"])
  expect(meant("resid")).toEqual(["resid.0", "resid.1"])
  expect(meant("resid.*")).toEqual(["resid.0", "resid.1"])
  expect(meant("final")).toEqual(["final"])
  expect(meant("all")).toEqual(sites)
  expect(meant("re")).toEqual([])
})

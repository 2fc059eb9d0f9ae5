// Where methods differ from their papers: said by each kind, shown in help, and gathered in docs/departures.md.

import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { ActivationSet } from "../activations/activation-set.ts"
import { caveats } from "../probes/contract/caveats.ts"
import { describeDeparture } from "../probes/contract/departures.ts"
import { findProbe, probes } from "../probes/registry.ts"
import { interventions } from "../src/benchmark/interventions/registry.ts"
import { describeInterventions } from "../src/cli/transfer.ts"
import { resolveOptions } from "../src/base/options.ts"
import { makeWorld } from "./support/activations.ts"
import { makeContrastWorld } from "./support/contrasts.ts"
import { cosine } from "./support/numbers.ts"

// Methods that are named after no paper: rankings, baselines and controls of our own.
const ownMethods = [
  "mean-embedding",
  "random-direction",
  "response-length",
  "reward",
  "per-token-likelihood",
  "perplexity",
  "bag-of-words",
  "longer",
  "random",
]

const introduction = `# Departures

Where an intervention differs from the paper or the code that it is named after. \`litmus transfer --help\` says the same,
intervention by intervention. \`npx vitest run test/departures.test.ts --update\` writes this page.
`

function page(): string {
  const header = ["intervention", "after", "there", "here"]
  const rows = interventions.flatMap(({ name, departures = [] }) =>
    departures.map(({ from, there, here }) => [`\`${name}\``, from, there, here]),
  )
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  const rule = line(widths.map((width) => "-".repeat(width)))
  const notes = Object.entries(caveats).map(([name, caveat]) => `- \`${name}\`: ${caveat}`)
  return `${introduction}\n${[line(header), rule, ...rows.map(line)].join("\n")}\n\n## Beneath every table that has them\n\n${notes.join("\n")}\n`
}

it("ttpd's direction is cra's but for some polarity, with a polarity none mass-mean's", async () => {
  const contrasts = makeContrastWorld({ seed: 1, nPairs: 400, truth: 2, distractor: 3 })
  const plain = makeWorld({ seed: 1, distractor: 3 })
  const directionOf = async (name: string, source: ActivationSet, given: object): Promise<Float32Array> => {
    const probe = findProbe(name)
    const options = resolveOptions(name, probe.options, { on: "resid.1", ...given })
    return (await probe.fit(source, { ...options, seed: 0 })).directions[0]!.values
  }
  const [ttpd, cra] = [await directionOf("ttpd", contrasts, {}), await directionOf("cra", contrasts, {})]
  // Measured on six worlds: .904 … .919; the rest is the direction of polarity.
  expect(cosine(ttpd, cra)).toBeGreaterThan(0.88)
  const alone = await directionOf("ttpd", plain, { polarity: "none" })
  expect(cosine(alone, await directionOf("mass-mean", plain, {}))).toBeCloseTo(1, 6)
})

describe("departures", () => {
  it("are all in docs/departures.md, and nothing else is", async () => {
    await expect(page()).toMatchFileSnapshot(join(import.meta.dirname, "../docs/departures.md"))
  })

  it("are said by every intervention that is named after a paper, and by no other", () => {
    const silent = interventions.filter(({ departures = [] }) => departures.length === 0)
    expect(silent.map(({ name }) => name).sort()).toEqual([...ownMethods].sort())
  })

  it("are one line each in the help, as is what must be known of a figure", () => {
    const help = describeInterventions().replace(/\s+/g, " ")
    for (const { departures = [] } of interventions) {
      for (const departure of departures) expect(help).toContain(`· ${describeDeparture(departure)}`)
    }
    for (const [name, caveat] of Object.entries(caveats)) {
      expect(probes.map((probe) => probe.name)).toContain(name)
      expect(help).toContain(caveat)
    }
  })
})

// --mix-target: a share of the target's training examples beside the source's, from the command line.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { complaintOf, smallWorld, succeed, transferTo } from "../support/small-world.ts"

const { root, inputs } = await smallWorld()
const fitOnSums = ["fit", "--intervention", "mms", "--source", "sums"]

interface Result {
  readonly mixture?: unknown
  readonly fitted: string
  readonly sourceEvaluation: { distribution: string; pairs: number }
  readonly targets: readonly { distribution: string; accuracy: unknown }[]
}

async function results(args: readonly string[]): Promise<Result[]> {
  const { stdout } = await succeed([...args, "--json", ...inputs])
  return (JSON.parse(stdout) as { results: Result[] }).results
}

it("fits one mixture for every target and names it; the source is tested as it is", async () => {
  const mixed = await results([...transferTo("more"), "--mix-target", "0.5"])
  expect(mixed).toMatchObject([
    {
      source: "sums",
      mixture: { target: "more", share: 0.5 },
      sourceEvaluation: { distribution: "sums", pairs: 40 },
      targets: [{ distribution: "more" }],
    },
  ])
  const [plain] = await results(transferTo("more"))
  expect(plain).not.toHaveProperty("mixture")
  expect(mixed[0]!.fitted).not.toBe(plain!.fitted)
  const { stdout } = await succeed([...transferTo("more"), "--mix-target", "0.5", ...inputs])
  expect(stdout).toMatch(/^mms, fitted on sums with 50\.0 % of more beside it$/m)
}, 60_000)

it("fits on a mixture, saves of what, and tests that probe as transfer does", async () => {
  const out = join(root, "mixed probe")
  await succeed([...fitOnSums, "--mix-target", "0.5", "--target", "more", "--out", out, ...inputs])
  const { provenance } = JSON.parse(readFileSync(join(out, "probe.json"), "utf8")) as {
    provenance: { source: Record<string, unknown> }
  }
  expect(provenance.source).toMatchObject({ id: "sums", mixture: { target: "more", share: 0.5 } })
  const [tested] = await results(["transfer", "--probe", out, "--target", "more"])
  const [direct] = await results([...transferTo("more"), "--mix-target", "0.5"])
  expect(tested).toMatchObject({ mixture: direct!.mixture, targets: direct!.targets })
}, 60_000)

it.each([
  [
    "a share in percent",
    [...transferTo("more"), "--mix-target", "5"],
    "option '--mix-target <share>' argument '5' is invalid. Expected a share above 0 and at most 1.",
  ],
  [
    "a target without training examples",
    [...transferTo("more,few"), "--mix-target", "0.5"],
    'distribution "few" has no train split',
  ],
  [
    "a share without a target",
    [...fitOnSums, "--mix-target", "0.5", "--out", join(root, "none")],
    "fit: expected --mix-target and --target together, got one of them",
  ],
  [
    "a share for what is fitted already",
    ["transfer", "--probe", root, "--target", "more", "--mix-target", "0.5"],
    "transfer: --probe names what was fitted and on what: leave out --intervention, --source and --mix-target",
  ],
])("refuses %s", async (_, args, message) => {
  expect(await complaintOf([...args, ...inputs])).toContain(message)
})

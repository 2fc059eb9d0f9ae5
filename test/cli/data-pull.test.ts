// litmus data pull from the command line, from a copy of the release beside this repository.

import { readdirSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { litmus } from "../support/cli.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { complaintOf, succeed } from "../support/small-world.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { unreachable } from "../support/unreachable.ts"

const root = temporaryFolder()

describe("litmus data pull", () => {
  it.skipIf(!hasShared)(`puts a verified data folder there, once${needsShared}`, async () => {
    const folder = join(root, "genies")
    const pull = [
      "data",
      "pull",
      "genies",
      folder,
      "--distribution",
      "crt_1,crt_2",
      "--from",
      shared("genies"),
    ]
    const { code, stdout, stderr } = await litmus(pull)
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^19 files of GENIES verified in .*: 19 fetched \(\d\.\d MB\), 0 were there\n$/,
      ),
    })
    expect(stderr).toMatch(/^genies +[\d,]+ bytes in /)
    expect(readdirSync(join(folder, "distributions"))).toEqual(["crt_1", "crt_2"])
    expect((await succeed(pull)).stdout).toContain("0 fetched (0.0 MB), 19 were there")
    const { stdout: checked } = await succeed(["data", "check", folder, "--quiet", "--distribution", "crt_1"])
    expect(checked).toMatch(/^ crt_1 +600 +250 +250 /m)
  })

  it("says in one line what to do without a network", async () => {
    const pull = ["data", "pull", "genies", join(root, "none"), "--from", await unreachable(), "--quiet"]
    expect(await complaintOf(pull)).toMatch(
      /^cannot fetch .*: the server cannot be reached .*run the command again where there is a network\./,
    )
  })

  it("knows the names of the release", async () => {
    const pull = ["data", "pull", "genies", join(root, "none"), "--distribution"]
    expect(await complaintOf([...pull, "crt_4"])).toContain(
      'unknown distribution of GENIES "crt_4": did you mean',
    )
    expect(await complaintOf(["data", "pull", "genie", "x"])).toContain("Allowed choices are genies.")
  })
})

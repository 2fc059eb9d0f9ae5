// The array job that `litmus submit slurm` writes, run by a real Slurm where there is one (sbatch on the path, a node up).

import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { cacheSnapshot } from "../support/cache-snapshot.ts"
import { program } from "../support/cli.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { succeed } from "../support/small-world.ts"
import { temporaryFolder } from "../support/temporary.ts"

const nodes = spawnSync("sinfo", ["-h", "-o", "%T"], { encoding: "utf8", timeout: 10_000 })
const hasSlurm = nodes.status === 0 && /idle|mixed|allocated/.test(nodes.stdout)
const root = temporaryFolder()

it.skipIf(!hasSlurm)(
  `an array job of three tasks makes what one process makes${hasSlurm ? "" : " (skipped: needs a running Slurm)"}`,
  async () => {
    const model = await writeRandomModel(join(root, "model"))
    const data = writeSums(join(root, "data"))
    const words = [
      "extract",
      "--model",
      model,
      "--data",
      data,
      "--distribution",
      "sums,more",
      "--sites",
      "final",
    ]
    words.push("--threads", "1", "--quiet", "--json")
    await succeed([...words, "--cache", join(root, "whole")])
    const cache = join(root, "shared")
    const script = join(root, "job.sh")
    const job = ["--shards", "3", "--cpus", "1", "--memory", "500M", "--out", script]
    const call = ["--program", [process.execPath, ...program].join(" ")]
    await succeed(["submit", "slurm", ...job, ...call, "--", ...words, "--cache", cache])
    const sbatch = spawnSync("sbatch", ["--wait", "--chdir", root, script], {
      encoding: "utf8",
      timeout: 150_000,
    })
    const logs = readdirSync(root).filter((name) => name.endsWith(".log"))
    expect([sbatch.status, logs.length]).toEqual([0, 3])
    const made = logs.flatMap((name) => {
      const results = JSON.parse(readFileSync(join(root, name), "utf8")) as { partsComputed: number }[]
      return results.map(({ partsComputed }) => partsComputed)
    })
    // Each of the four parts was made by one task, and by no other.
    expect(made.reduce((sum, parts) => sum + parts, 0)).toBe(4)
    await succeed([...words, "--cache", cache])
    expect(cacheSnapshot(cache)).toEqual(cacheSnapshot(join(root, "whole")))
  },
  180_000,
)

// `kill -9` in the middle of a training, again and again: it ends with the bytes of one that was never disturbed, the
// adapter's and the log's. Dropout is on: its masks are those of the step, not of the process.

import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import { expect, test } from "vitest"
import { random } from "../../src/base/random.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const repository = resolve(import.meta.dirname, "../..")
const nSteps = 60

/** Tunes in a process of its own; prints the number of every step that is done. */
function tuneInChild(folder: string): ChildProcess {
  const url = (path: string): string => JSON.stringify(pathToFileURL(join(repository, path)).href)
  const script = `
    import { writeSync } from "node:fs"
    import { readDistribution } from ${url("src/data/index.ts")}
    import { openModel } from ${url("src/model/model.ts")}
    import { resolveOptions } from ${url("src/base/options.ts")}
    import { tuningOptions } from ${url("src/tuning/options.ts")}
    import { tune } from ${url("src/tuning/tune.ts")}
    const [root, folder] = process.argv.slice(1)
    const cache = root + "/cache"
    const model = await openModel(root + "/model", { cache })
    const source = await readDistribution(root + "/data", "sums", "train")
    const given = { steps: ${nSteps}, batch: 3, evaluateEvery: 4, learningRate: 1e-2, dropout: 0.3, memory: 1 }
    const values = resolveOptions("lora", tuningOptions.lora, given)
    const task = { update: (done) => writeSync(1, "step " + done + "\\n"), end() {} }
    await tune(model, source, "lora", values, { folder, seed: 0, cache, threads: 1, task })`
  const args = ["--import", "tsx", "--input-type=module", "--eval", script, root, folder]
  return spawn(process.execPath, args, { cwd: repository, stdio: ["ignore", "pipe", "inherit"] })
}

/** Kills a child `delay` ms after it reports step `last`; returns the first step that it reported. */
async function killAfter(child: ChildProcess, last: number, delay: number): Promise<number> {
  const exited = once(child, "exit")
  let first: number | undefined
  for await (const line of createInterface({ input: child.stdout! })) {
    const step = Number(line.slice("step ".length))
    first ??= step
    if (step >= last) break
  }
  await sleep(delay)
  child.kill("SIGKILL")
  expect(await exited).toEqual([null, "SIGKILL"])
  return first!
}

test("a training that is killed goes on from its last state and ends with the same bytes", async () => {
  await writeRandomModel(join(root, "model"), { config: { eos_token_id: 2 }, deviation: 0.2 })
  writeSums(join(root, "data"))
  const undisturbed = join(root, "undisturbed")
  const child = tuneInChild(undisturbed)
  child.stdout!.resume()
  expect(await once(child, "exit")).toEqual([0, null])

  const folder = join(root, "disturbed")
  const { uniform } = random(0, "kills of a training")
  const began: number[] = []
  // Before the first state, between states, and near the end. States are written every ten steps.
  for (const last of [4, 14, 25]) began.push(await killAfter(tuneInChild(folder), last, uniform() * 3))
  expect(existsSync(join(folder, "adapter_config.json"))).toBe(false)
  const rest = tuneInChild(folder)
  const exited = once(rest, "exit")
  const lines: string[] = []
  for await (const line of createInterface({ input: rest.stdout! })) lines.push(line)
  expect(await exited).toEqual([0, null])
  began.push(Number(lines[0]!.slice("step ".length)))
  // Each began where the last state before the kill stands; on a busy machine a kill comes some steps late.
  expect(began.map((step) => step % 10)).toEqual([1, 1, 1, 1])
  expect(began).toEqual(began.toSorted((a, b) => a - b))
  expect(began[0]).toBe(1)
  expect(began[3]).toBeGreaterThanOrEqual(21)
  const contents = (place: string): string[] =>
    ["adapter_model.safetensors", "training-log.jsonl", "litmus.json"].map((name) =>
      readFileSync(join(place, name), "latin1"),
    )
  expect(contents(folder)).toEqual(contents(undisturbed))
})

// `kill -9` in the middle of a training, again and again: it ends with the bytes of one that was never disturbed, the
// adapter's and the log's. Dropout is on: its masks are those of the step, not of the process.

import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import { beforeAll, expect, test } from "vitest"
import { random } from "../../src/base/random.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const repository = resolve(import.meta.dirname, "../..")
const nSteps = 60

/** Tunes in a process of its own; prints the number of every step that is done. */
function tuneInChild(folder: string, learningRate: number | "auto" = 1e-2): ChildProcess {
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
    const given = { steps: ${nSteps}, batch: 3, evaluateEvery: 4, learningRate: ${JSON.stringify(learningRate)}, dropout: 0.3, memory: 1 }
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

/** Tunes undisturbed, in a process of its own. */
async function finish(child: ChildProcess): Promise<number[]> {
  const exited = once(child, "exit")
  const steps: number[] = []
  for await (const line of createInterface({ input: child.stdout! }))
    steps.push(Number(line.slice("step ".length)))
  expect(await exited).toEqual([0, null])
  return steps
}

const contentsOf = (place: string, names: readonly string[]): string[] =>
  names.map((name) => readFileSync(join(place, name), "latin1"))

beforeAll(async () => {
  await writeRandomModel(join(root, "model"), { config: { eos_token_id: 2 }, deviation: 0.2 })
  writeSums(join(root, "data"))
})

test("a training that is killed goes on from its last state and ends with the same bytes", async () => {
  const undisturbed = join(root, "undisturbed")
  await finish(tuneInChild(undisturbed))

  const folder = join(root, "disturbed")
  const { uniform } = random(0, "kills of a training")
  const began: number[] = []
  // Before the first state, between states, and near the end. States are written every ten steps.
  for (const last of [4, 14, 25]) began.push(await killAfter(tuneInChild(folder), last, uniform() * 3))
  expect(existsSync(join(folder, "adapter_config.json"))).toBe(false)
  began.push((await finish(tuneInChild(folder)))[0]!)
  // Each began where the last state before the kill stands; on a busy machine a kill comes some steps late.
  expect(began.map((step) => step % 10)).toEqual([1, 1, 1, 1])
  expect(began).toEqual(began.toSorted((a, b) => a - b))
  expect(began[0]).toBe(1)
  expect(began[3]).toBeGreaterThanOrEqual(21)
  const names = ["adapter_model.safetensors", "training-log.jsonl", "litmus.json"]
  expect(contentsOf(folder, names)).toEqual(contentsOf(undisturbed, names))
})

test("a search for a learning rate that is killed goes on with the rate that it was at, to the same choice", async () => {
  const undisturbed = join(root, "searched")
  const all = await finish(tuneInChild(undisturbed, "auto"))
  // Four rates for 9 steps, two for 18, and the training itself.
  expect(all).toEqual(Array.from({ length: 4 * 9 + 2 * 18 + nSteps }, (_, i) => i + 1))

  const folder = join(root, "searched in parts")
  const { uniform } = random(0, "kills of a search")
  const began: number[] = []
  // At the second rate, at the first of the second rung, and in the training that follows.
  for (const last of [12, 44, 80]) {
    began.push(await killAfter(tuneInChild(folder, "auto"), last, uniform() * 3))
  }
  began.push((await finish(tuneInChild(folder, "auto")))[0]!)
  // A rate that was through is not trained again; another begins where its last state stands: its tenth step, if any.
  const begins = [0, 9, 18, 27, 36, 46, 54, 64, 72, 82, 92, 102, 112, 122].map((done) => done + 1)
  expect(begins).toEqual(expect.arrayContaining(began))
  expect(began[0]).toBe(1)
  expect(began[1]).toBeGreaterThanOrEqual(10)
  expect(began[2]).toBeGreaterThanOrEqual(37)
  expect(began[3]).toBeGreaterThanOrEqual(73)
  expect(existsSync(join(folder, "rates"))).toBe(false)
  const names = ["rate.json", "adapter_model.safetensors", "training-log.jsonl", "litmus.json"]
  expect(contentsOf(folder, names)).toEqual(contentsOf(undisturbed, names))
})

// Large models with random weights: speed against the matrix product, loading time and peak memory of 1 B parameters in
// float32 and 4 bits, with --full of 7 B in 4 bits; and 30 B in 4 bits on paper. Weights are made here and removed
// afterwards: up to 20 GB of disk.
//
// Every measurement runs in a process of its own (large-run.ts), whose memory is read from outside: anonymous memory, and
// all that is resident, mapped weights included.

import { spawn } from "node:child_process"
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { join } from "node:path"
import { forwardCost } from "../../src/model/decoder/cost.ts"
import { planExtraction } from "../../activations/plan.ts"
import { makeSequences } from "../../src/sequences/sequences.ts"
import { readDistribution, readShifts, stimulus } from "../../src/data/index.ts"
import { blocksOf } from "../../src/graph/quantized.ts"
import {
  linearLayers,
  parameterCount,
  parameterSpecs,
  type Architecture,
} from "../../src/model/architectures/architecture.ts"
import { readLlama } from "../../src/model/architectures/llama.ts"
import { ConfigFields } from "../../src/model/checkpoint/config-fields.ts"
import { expandSites } from "../../src/model/decoder/sites.ts"
import { random } from "../../src/base/random.ts"
import { byteTokenizer } from "../support/random-model.ts"
import { hasShared, shared } from "../support/shared.ts"
import { benchFolder } from "./fixtures.ts"
import { loadTokenizer } from "../support/model-files.ts"

const common = { model_type: "llama", vocab_size: 32000, max_position_embeddings: 2048 }
const configs = {
  // TinyLlama, LLaMA-2 7B, LLaMA 30B.
  "1 B": {
    ...common,
    hidden_size: 2048,
    intermediate_size: 5632,
    num_hidden_layers: 22,
    num_attention_heads: 32,
    num_key_value_heads: 4,
  },
  "7 B": {
    ...common,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
  },
  "30 B": {
    ...common,
    hidden_size: 6656,
    intermediate_size: 17920,
    num_hidden_layers: 60,
    num_attention_heads: 52,
  },
} as const

const architectureOf = (size: keyof typeof configs): Architecture =>
  readLlama(new ConfigFields(size, configs[size]))

/** What large-run.ts says of one step. */
interface StepResult {
  readonly seconds: number
  readonly tokensPerSecond?: number
  readonly ratio?: number
  /** Operations per second of the matrix product. */
  readonly product?: number
}

interface Measured extends StepResult {
  readonly anonymous: number
  readonly resident: number
}

export async function benchLarge(full: boolean): Promise<void> {
  console.log("large models, random weights, rows of 512 tokens, all residual sites")
  let last = await benchSize("1 B", [undefined, "int4"])
  if (full) last = await benchSize("7 B", ["int4"])
  if (hasShared) await onPaper(last)
  else console.log("  30 B on paper: skipped, needs the shared folder's distributions and tokenizer")
}

/** Measures one size; returns the speed in the last of the formats, in operations of the planner per second. */
async function benchSize(size: "1 B" | "7 B", formats: readonly ("int4" | undefined)[]): Promise<number> {
  const architecture = architectureOf(size)
  const folder = join(benchFolder, `model-${size.replace(" ", "").toLowerCase()}`)
  const cache = join(folder, "cache")
  const needed =
    2 * parameterCount(architecture) + formats.reduce((sum, q) => sum + weightBytes(architecture, q), 0)
  mkdirSync(benchFolder, { recursive: true })
  const { bavail, bsize } = statfsSync(benchFolder)
  if (bavail * bsize < needed * 1.1)
    throw new Error(`${size}: ${gib(needed)} GiB of disk are needed in ${benchFolder}`)
  let speed = 0
  try {
    writeWeights(folder, size, architecture)
    for (const format of formats) {
      const what = `  ${size} ${(format ?? "float32").padEnd(7)}`
      const weights = weightBytes(architecture, format)
      const step = (name: string): Promise<Measured> => measure([name, folder, cache, format ?? "float32"])
      const compiled = await step("compile")
      console.log(
        `${what} compiled in ${compiled.seconds.toFixed(0)} s, ${gib(compiled.anonymous)} GiB anonymous at most; weights ${gib(weights)} GiB`,
      )
      const first = await step("load")
      const loaded = await step("load")
      console.log(`${what} loaded in ${first.seconds.toFixed(1)} s, again in ${loaded.seconds.toFixed(1)} s`)
      const run = await step("run")
      console.log(
        `${what} ran ${run.tokensPerSecond!.toFixed(0)} tokens/s, ${run.ratio!.toFixed(2)} of the matrix product ` +
          `(${(run.product! / 1e9).toFixed(0)} GFLOP/s); resident ${gib(run.resident)} GiB at most ` +
          `(weights + ${gib(run.resident - weights)}), anonymous ${gib(run.anonymous)}`,
      )
      const { perRow, perToken, perPair } = forwardCost(architecture)
      speed = ((perRow + perToken * 512 + perPair * 512 ** 2) / 512) * run.tokensPerSecond!
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return speed
}

const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1)

/** Bytes of a compiled model. */
function weightBytes(architecture: Architecture, format: "int4" | undefined): number {
  const layers = linearLayers(architecture)
  return parameterSpecs(architecture).reduce((sum, { name, shape }) => {
    const layer = format && name.endsWith(".weight") ? layers.get(name.slice(0, -7)) : undefined
    if (layer) return sum + layer.nOut * blocksOf(layer.nIn) * (16 + 4)
    return sum + shape.reduce((product, dim) => product * dim, 4)
  }, 0)
}

/** A bfloat16 checkpoint of random weights, cut from one pool at a place of each tensor's own. */
function writeWeights(folder: string, size: keyof typeof configs, architecture: Architecture): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "config.json"), JSON.stringify(configs[size]))
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(byteTokenizer()))
  const specs = parameterSpecs(architecture)
  const header: Record<string, unknown> = {}
  let offset = 0
  for (const { name, shape } of specs) {
    const bytes = shape.reduce((product, dim) => product * dim, 2)
    header[name] = { dtype: "BF16", shape, data_offsets: [offset, offset + bytes] }
    offset += bytes
  }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  const { uniform, integer } = random(0, "weights")
  const floats = Float32Array.from({ length: 1 << 23 }, () => (uniform() - 0.5) * 0.06)
  const words = new Uint16Array(new Uint32Array(floats.buffer).map((bits) => bits >>> 16))
  const ones = new Uint16Array(words.length).fill(0x3f80)
  const file = openSync(join(folder, "model.safetensors"), "w")
  writeSync(file, length)
  writeSync(file, text)
  for (const { shape } of specs) {
    const pool = shape.length === 1 ? ones : words
    let left = shape.reduce((product, dim) => product * dim, 1)
    while (left > 0) {
      const start = integer(pool.length >> 1)
      const piece = pool.subarray(start, Math.min(pool.length, start + left))
      writeSync(file, new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength))
      left -= piece.length
    }
  }
  closeSync(file)
}

/** Runs one step in a process of its own and watches its memory. */
async function measure(words: readonly string[]): Promise<Measured> {
  const script = join(import.meta.dirname, "large-run.ts")
  const child = spawn(process.execPath, ["--import", "tsx", script, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let [anonymous, resident] = [0, 0]
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8")
      const read = (field: string): number =>
        Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024
      anonymous = Math.max(anonymous, read("RssAnon"))
      resident = Math.max(resident, read("VmHWM"))
    } catch {
      // It has just ended.
    }
  }, 20)
  let text = ""
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part))
  const code = await new Promise((resolve) => child.on("close", resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`${words[0]} ended with code ${String(code)}`)
  return { ...(JSON.parse(text) as StepResult), anonymous, resident }
}

/** 30 B in 4 bits: memory, and the time for the activations of GENIES' fifteen shifts, by the planner's own numbers. */
async function onPaper(speed: number): Promise<void> {
  const architecture = architectureOf("30 B")
  const tokenizer = await loadTokenizer(shared("tokenizers", "llama2"))
  const shifts = await readShifts(shared("genies", "distribution_shifts", "GENIES.json"))
  const parts = new Set(
    shifts.flatMap(({ source, target, targetReference }) => [
      `${source} train`,
      `${source} test`,
      `${target} test`,
      `${targetReference} train`,
    ]),
  )
  let [tokens, operations] = [0, 0]
  for (const part of parts) {
    const [id, split] = part.split(" ") as [string, "train" | "test"]
    const distribution = await readDistribution(shared("genies"), id, split)
    const made = makeSequences(distribution, stimulus("plain"), tokenizer, architecture)
    const sites = expandSites(["heads"], architecture)
    const plan = planExtraction(made, architecture, { sites, positions: { kind: "last" } })
    tokens += plan.summary.tokensRun
    operations += plan.rows.reduce((sum, { cost }) => sum + cost, 0)
  }
  console.log(
    `  30 B int4, on paper: weights ${gib(weightBytes(architecture, "int4"))} GiB; the activations of GENIES-15 ` +
      `(${parts.size} splits) run ${(tokens / 1e6).toFixed(2)} M tokens, ${(operations / speed / 3600).toFixed(0)} hours ` +
      `at the ${(speed / 1e9).toFixed(0)} GFLOP/s of the model above`,
  )
}

// litmus tune as its users have it: a process, its output, its exit code. The model has random weights.

import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { complaint, litmus, type Outcome } from "../support/cli.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
const data = writeSums(join(root, "data"))
const model = join(root, "model")
const common = ["--model", model, "--data", data, "--cache", join(root, "cache"), "--threads", "1"]
const quick = ["--set", "steps=4", "--set", "batch=4", "--set", "evaluateEvery=2"]

beforeAll(async () => {
  await writeRandomModel(model, { config: { eos_token_id: 2 }, deviation: 0.2 })
})

function tune(method: string, out: string, ...more: readonly string[]): Promise<Outcome> {
  return litmus(["tune", method, "--source", "sums", "--out", join(root, out), ...common, ...quick, ...more])
}

describe("litmus tune", () => {
  it("keeps an adapter, says what it came to, and finds it again; transfer probes and scores with it", async () => {
    const first = await tune("lora", "adapter")
    expect(first.code).toBe(0)
    // Four rates for four steps each, the better two again, and the training itself.
    const said = first.stdout.replaceAll(/\s+/g, " ")
    const rate = "(0\\.0002|0\\.001|0\\.003|0\\.01) 4 \\d\\.\\d{4} \\d+\\.\\d "
    expect(said).toMatch(
      new RegExp(
        `learning rate steps held-out held-out loss accuracy % ─+ (${rate}){6}─+ chosen: 0\\.\\d+, by the loss on 3 held-out pairs; .* ` +
          "lora on sums: 25 pairs, 4 steps at a learning rate of 0\\.\\d+, kept step [24]: training accuracy \\d+\\.\\d %; " +
          "of 2 pairs that no choice has seen it gets \\d+\\.\\d % right " +
          "training loss [▁-█]{2} \\d\\.\\d{3} → \\d\\.\\d{3} held-out loss [▁-█]{2} \\d\\.\\d{3} → \\d\\.\\d{3} " +
          "(Warning: it did not learn\\. .*)?saved in .*adapter $",
      ),
    )
    expect(Math.max(...first.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100)
    expect(first.stderr).toMatch(
      /^lora on sums +28 steps in .* loss \d\.\d{4}, accuracy \d+ %, [\d,]+ tokens\/s, held out \d+\.\d % at step [24]$/m,
    )
    const again = await tune("lora", "adapter")
    expect(again.stdout).toBe(first.stdout.replace("saved in", "was there already:"))

    const adapter = ["--adapter", join(root, "adapter"), "--intervention", "reward,mms"]
    const asked = ["--source", "sums", "--target", "more", "--json", "--quiet"]
    const scored = await litmus(["transfer", ...adapter, ...asked, ...common])
    expect(scored.code).toBe(0)
    expect(scored.stdout).toContain("the model's own score head")
  })

  it("writes a checkpoint with full, which is a --model; --json prints the result", async () => {
    const { code, stdout } = await tune("full", "checkpoint", "--json", "--quiet")
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ kind: "full", source: "sums", seed: 0, steps: 4, pairs: 25 })
    const place = ["--model", join(root, "checkpoint"), "--data", data, "--cache", join(root, "cache")]
    const asked = ["--intervention", "reward", "--source", "sums", "--target", "more", "--quiet"]
    expect((await litmus(["transfer", ...place, ...asked])).code).toBe(0)
  })

  it("tries learning rates with --sweep once, and uses the best; one that diverges is named", async () => {
    const rates = ["--sweep", "1e-3,1e30", "--set", "dropout=0"]
    const first = await tune("lora", "swept", ...rates)
    expect(first.code).toBe(0)
    expect(first.stdout).toMatch(/0\.001 .*\d+\.\d .*\d\.\d{4}/)
    expect(first.stdout).toMatch(/1e\+30 .*diverged/)
    expect(first.stdout).toContain("used: 0.001\n")
    expect(first.stdout).not.toContain("chosen:")
    const again = await tune("lora", "swept", ...rates)
    expect(again.stdout).toBe(first.stdout.replace("saved in", "was there already:"))
    expect(again.stderr).not.toContain("lora at")
    expect(existsSync(join(root, "swept", "sweep-0.001"))).toBe(false)
  })

  it("trains on the truthfulness task with --task", async () => {
    const { code, stderr } = await tune("lora", "truthful", "--task", "truthfulness", "--quiet")
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    const note = JSON.parse(readFileSync(join(root, "truthful", "litmus.json"), "utf8")) as {
      training: { pairs: number; heldOutPairs: number; heldOutMargins: number[] }
    }
    // Every response of the 30 prompts is a pair of its own.
    const { pairs, heldOutPairs, heldOutMargins } = note.training
    expect(pairs + heldOutPairs + heldOutMargins.length).toBe(90)
  })

  it.each<[string, string[], RegExp]>([
    ["lora", ["--set", "rank=0"], /lora\.rank: expected a positive integer, got "0"/],
    ["lora", ["--set", "rank=64"], /lora\.rank: expected at most 16/],
    ["lora", ["--set", "targets=query"], /unknown target module "query": known: q_proj/],
    ["lora", ["--set", "speed=1"], /unknown option of lora "speed": .*known: rank, alpha/],
    ["lora", ["--set", "rank"], /--set: expected option=value, got "rank"/],
    ["lora", ["--sweep", "fast"], /lora\.learningRate: expected a positive number or auto, got "fast"/],
    ["qlora", [], /'qlora' is invalid.*Allowed choices are lora, prompt-tuning, full/],
  ])("%s %j is refused in one line", async (method, options, message) => {
    expect(complaint(await tune(method, "refused", "--quiet", ...options))).toMatch(message)
    expect(existsSync(join(root, "refused", "adapter_config.json"))).toBe(false)
  })

  it("does not write over a checkpoint", async () => {
    const before = readFileSync(join(model, "model.safetensors"))
    const outcome = await litmus(["tune", "full", "--source", "sums", "--out", model, ...common, "--quiet"])
    expect(complaint(outcome)).toMatch(
      /holds another model or adapter \(config\.json\): choose another folder/,
    )
    expect(readFileSync(join(model, "model.safetensors")).equals(before)).toBe(true)
  })
})

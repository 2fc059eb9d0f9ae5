// What the benchmarks run on: the 100 M-parameter model with random weights, and distributions. The real ones are used
// where they are; otherwise made ones of like shape (a shared preamble, a prompt, two to four short responses).

import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { random } from "../../src/base/random.ts"
import { benchConfig, writeRandomModel } from "../support/random-model.ts"
import { hasShared, shared } from "../support/shared.ts"

/** Kept between runs: making the weights takes longer than running them. */
export const benchFolder = join(tmpdir(), "litmus-bench")

/** The folder of the 100 M-parameter model (103 M without its embeddings). */
export async function benchModel(): Promise<string> {
  const folder = join(benchFolder, hasShared ? "model-100m-llama2" : "model-100m-bytes")
  const tokenizer = shared("tokenizers", "llama2", "tokenizer.json")
  if (!existsSync(join(folder, "done"))) {
    await writeRandomModel(folder, {
      config: benchConfig,
      deviation: 0.02,
      ...(hasShared ? { tokenizer } : {}),
    })
    writeFileSync(join(folder, "done"), "")
  }
  return folder
}

/** A data folder and a distribution in it: the one of most tokens in the release. */
export function benchData(): { folder: string; id: string } {
  if (hasShared) return { folder: shared("genies"), id: "code_hard" }
  const folder = join(benchFolder, "data")
  const { integer } = random(0, "bench data")
  const words = (n: number): string => Array.from({ length: n }, () => `word${integer(500)}`).join(" ")
  const made = Array.from({ length: 1800 }, () => ({
    prompt: `Below is an instruction that describes a task.\n\n### Instruction:\n${words(30)}\n\n### Response:\n`,
    responses: { [words(12)]: 1, [words(13)]: 0, [words(11)]: 0 },
  }))
  mkdirSync(join(folder, "distributions", "made"), { recursive: true })
  for (const split of ["train", "test"]) {
    writeFileSync(join(folder, "distributions", "made", `${split}.json`), JSON.stringify(made))
  }
  return { folder, id: "made" }
}

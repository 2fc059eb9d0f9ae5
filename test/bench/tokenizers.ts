// Encoding against @huggingface/tokenizers, which gives other ids for odd texts: the same texts in the same run.

import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers"
import { readDistribution } from "../../src/data/index.ts"
import { loadTokenizer } from "../support/model-files.ts"
import { hasShared, shared } from "../support/shared.ts"
import { benchData } from "./fixtures.ts"

const folders = ["gpt2", "gpt-neox-pythia", "llama2", "llama3.1", "qwen2"]

export async function benchTokenizers(): Promise<void> {
  if (!hasShared) {
    console.log("tokenizers: skipped, needs the shared folder")
    return
  }
  const { folder, id } = benchData()
  const { examples } = await readDistribution(folder, id === "made" ? id : "alpaca_easy", "test")
  const texts = examples.flatMap(({ prompt, responses }) => responses.map(({ text }) => prompt + text))
  const characters = texts.reduce((sum, text) => sum + text.length, 0)
  console.log(`tokenizers: ${texts.length} texts of ${characters} characters`)
  for (const name of folders) {
    const own = await loadTokenizer(shared("tokenizers", name))
    const content = JSON.parse(
      readFileSync(join(shared("tokenizers", name), "tokenizer.json"), "utf8"),
    ) as object
    const library = new LibraryTokenizer(content, {})
    const seconds = (encode: (text: string) => unknown): number => {
      const began = performance.now()
      for (const text of texts) encode(text)
      return (performance.now() - began) / 1000
    }
    const ratios: number[] = []
    let mine = Infinity
    for (let round = 0; round < 5; round++) {
      const theirs = seconds((text) => library.encode(text))
      const time = seconds((text) => own.encode(text))
      mine = Math.min(mine, time)
      ratios.push(theirs / time)
    }
    const [first] = ratios
    ratios.sort((a, b) => a - b)
    console.log(
      `  ${name}: ${(characters / mine / 1e6).toFixed(1)} M characters/s, the library takes ${ratios[2]!.toFixed(1)} times as long (${ratios[0]!.toFixed(1)} to ${ratios[4]!.toFixed(1)}; at first ${first!.toFixed(1)})`,
    )
  }
}

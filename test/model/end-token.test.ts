// Which token ends a sequence, from what checkpoints' files say.

import { mkdtempSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { chooseEndToken } from "../../src/model/checkpoint/end-token.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()

function folder(files: Readonly<Record<string, unknown>>): string {
  const path = mkdtempSync(join(root, "model-"))
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(path, name), JSON.stringify(content))
  }
  return path
}

const tokenizer = {
  added_tokens: [
    { id: 7, content: "<|end_of_text|>" },
    { id: 9, content: "<|eot_id|>" },
  ],
  model: { vocab: { "</s>": 2 } },
}
const files = (eos: unknown): string =>
  folder({ "tokenizer.json": tokenizer, "tokenizer_config.json": { eos_token: eos } })

describe("the end-of-sequence token", () => {
  it("is config.json's, whatever the tokenizer calls its own", async () => {
    expect(await chooseEndToken(files("<|eot_id|>"), 7)).toBe(7)
    expect(await chooseEndToken(files("<|eot_id|>"), [7])).toBe(7)
  })

  it("is the tokenizer's where config.json lists several, and else the first", async () => {
    expect(await chooseEndToken(files("<|eot_id|>"), [7, 8, 9])).toBe(9)
    expect(await chooseEndToken(files("</s>"), [7, 8, 9])).toBe(7)
    expect(await chooseEndToken(folder({}), [7, 8, 9])).toBe(7)
  })

  it("is the tokenizer's where config.json names none, as a text or an object, added or in the vocabulary", async () => {
    expect(await chooseEndToken(files("<|end_of_text|>"), undefined)).toBe(7)
    expect(await chooseEndToken(files({ content: "<|eot_id|>" }), null)).toBe(9)
    expect(await chooseEndToken(files("</s>"), undefined)).toBe(2)
  })

  it("is undefined where nothing names one that the tokenizer has", async () => {
    expect(await chooseEndToken(folder({}), undefined)).toBeUndefined()
    expect(await chooseEndToken(files("<eos>"), undefined)).toBeUndefined()
    expect(await chooseEndToken(files(null), "2")).toBeUndefined()
  })
})

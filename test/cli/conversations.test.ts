// From a file of messages to a figure; and test prompts that were trained on.

import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { sums, writeDistribution } from "../support/data-folder.ts"
import { complaintOf, smallWorld, succeed } from "../support/small-world.ts"

const { root, model, cache } = await smallWorld()

it("imports messages and shows them to each model by its chat template", async () => {
  const file = join(root, "chats.jsonl")
  const line = ({ prompt, responses }: ReturnType<typeof sums>[number]): string => {
    const [chosen, rejected] = Object.keys(responses).map((content) => [{ role: "assistant", content }])
    return `${JSON.stringify({ prompt: [{ role: "user", content: prompt }], chosen, rejected })}\n`
  }
  writeFileSync(file, sums(24).map(line).join(""))
  const mine = join(root, "mine")
  await succeed(["data", "import", file, "--out", join(mine, "distributions", "chats")])
  const transfer = [
    "transfer",
    "--intervention",
    "longer,zero-shot",
    "--source",
    "chats",
    "--target",
    "chats",
  ]
  const inputs = ["--model", model, "--data", mine, "--cache", cache, "--threads", "1", "--quiet"]
  expect(await complaintOf([...transfer, ...inputs])).toMatch(
    /^chats: its prompts are conversations, and .* has no chat template to show them by/,
  )
  const template = (open: string): string =>
    `{% for m in messages %}${open}{{ m.role }}: {{ m.content }}\n{% endfor %}` +
    `{% if add_generation_prompt %}${open}assistant: {% endif %}`
  const pathOf = join(model, "chat_template.jinja")
  const tokens = async (): Promise<number> => {
    const { stdout } = await succeed([...transfer, ...inputs, "--json"])
    return (JSON.parse(stdout) as { tokens: { run: number } }).tokens.run
  }
  writeFileSync(pathOf, template(""))
  const short = await tokens()
  // Another template is another text: nothing of the first is reused.
  writeFileSync(pathOf, template("<turn>"))
  expect(await tokens()).toBeGreaterThan(short)
}, 60_000)

it("says how many test prompts were trained on, and leaves them out with --drop-seen", async () => {
  const [train, fresh] = [sums(20), sums(10, { seed: 9 })]
  const data = writeDistribution(join(root, "leaky"), "leaky", {
    train,
    test: [...train.slice(0, 6), ...fresh.map((item) => ({ ...item, prompt: `new ${item.prompt}` }))],
  })
  const args = ["transfer", "--intervention", "zero-shot", "--source", "leaky", "--target", "leaky"]
  const inputs = ["--model", model, "--data", data, "--cache", cache, "--threads", "1", "--quiet"]
  const { stdout } = await succeed([...args, ...inputs])
  expect(stdout).toContain("leaky: 6 of 16 test prompts were trained on: accuracy on them is not about new")
  const dropped = await succeed([...args, ...inputs, "--drop-seen"])
  expect(dropped.stdout).toContain("leaky: 6 of 16 test prompts were trained on and are left out")
  const json = JSON.parse((await succeed([...args, ...inputs, "--drop-seen", "--json"])).stdout) as {
    results: { targets: { pairs: number }[]; seen: unknown }[]
  }
  expect(json.results[0]).toMatchObject({
    targets: [{ pairs: 20 }],
    seen: [{ distribution: "leaky", seen: 6, examples: 16, dropped: true }],
  })
}, 60_000)

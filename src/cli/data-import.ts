// litmus data import: a distribution from pairs of one's own.

import { basename } from "node:path"
import type { Command } from "commander"
import { InvalidArgumentError } from "commander"
import { importPairs } from "../data/import/pairs.ts"
import { allPairs, clusterByPrompt, splitByPrompt } from "../data/pairs.ts"
import { writeDistribution } from "../data/write-distribution.ts"
import { LitmusError } from "../base/errors.ts"
import { integer, litmusCommand, printJson } from "./common.ts"
import { thousands } from "./progress.ts"
import { plainText } from "./plain-text.ts"
import { wrap } from "./wrap.ts"

interface ImportOptions {
  readonly out: string
  readonly testShare: number
  readonly seed: number
  readonly replace?: boolean
  readonly json?: boolean
}

export function dataImportCommand(): Command {
  return litmusCommand("import", "Make a distribution from pairs of your own.")
    .argument("<file>", "the pairs: .jsonl, .ndjson, .csv or .tsv")
    .requiredOption(
      "--out <dir>",
      "folder of the distribution; its name is the id, as mine/distributions/ethics",
    )
    .option(
      "--test-share <share>",
      "share of the examples to test on; the rest is trained on",
      testShare,
      0.3,
    )
    .option("--seed <n>", "seed of the split", integer, 0)
    .option("--replace", "replace the distribution that is there")
    .option("--json", "print what was made as JSON")
    .option("--debug", "show the stack of an error")
    .addHelpText("after", `\n${explanation}`)
    .action(runImport)
}

const explanation = `One line is one pair: the columns prompt, better (or chosen) and worse (or rejected). Lines of one
prompt and one better response become one example with several worse ones. A JSON line may also
hold a whole example: {"prompt": …, "responses": {"a text": 1, "another": 0}}. A prompt is shown to
the model as it is, the response right after it: end it as the response should begin.

In JSON lines, prompt, chosen and rejected may be lists of messages, {"role": …, "content": …}: they
are kept as messages, and every model is shown them by its own chat template. Without prompt, what
chosen and rejected begin with is the prompt. Ties (equal responses, or equal score_chosen and
score_rejected) are left out and counted.

All examples of a prompt go to one side of the split.

Example:
  litmus data import ethics.csv --out mine/distributions/ethics
  litmus data check mine/distributions/ethics`

function testShare(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text)
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("Expected a share between 0 and 1.")
  return value
}

async function runImport(file: string, options: ImportOptions): Promise<void> {
  const { out, testShare: share, seed, replace = false, json } = options
  const { examples, ...read } = await importPairs(file)
  const distinct = new Set(clusterByPrompt(examples)).size
  if (distinct < 2) {
    throw new LitmusError(
      `${file}: expected at least 2 distinct prompts to split into train and test, got ${distinct}`,
    )
  }
  const [test, train] = splitByPrompt(examples, { seed, share })
  const origins = [{ name: basename(file), used_for: "prompts_and_completions", seed, test_share: share }]
  const id = await writeDistribution(out, { train, test }, { origins, replace })
  const splits = Object.fromEntries(
    Object.entries({ train, test }).map(([split, list]) => [
      split,
      {
        examples: list.length,
        pairs: allPairs(list).length,
        prompts: new Set(clusterByPrompt(list)).size,
      },
    ]),
  )
  if (json) {
    printJson({ id, folder: out, ...read, splits })
    return
  }
  const lines = [
    `${id}: ${thousands(read.records)} lines, ${thousands(examples.length)} examples`,
    ...Object.entries(splits).map(
      ([split, { examples: n, pairs, prompts }]) =>
        `${split}: ${thousands(n)} examples of ${thousands(prompts)} prompts, ${thousands(pairs)} pairs`,
    ),
    ...(read.repeated > 0 ? [`${thousands(read.repeated)} lines repeat an earlier line`] : []),
    ...(read.ties > 0 ? [`${thousands(read.ties)} lines are ties and were left out`] : []),
    ...(read.contradicted > 0
      ? [
          `${thousands(read.contradicted)} lines have a pair that another line has the other way round: ` +
            `accuracy cannot reach 100 % (litmus data check says how far)`,
        ]
      : []),
    ...(read.ignored.length > 0 ? [`columns ignored: ${read.ignored.join(", ")}`] : []),
    `saved in ${out}; look at it with: litmus data check ${out}`,
  ]
  process.stdout.write(lines.map((line) => `${wrap(plainText(line), { indent: 2 })}\n`).join(""))
}

// litmus data write: a built-in suite's distributions as files.

import { Option, type Command } from "commander"
import { writeMicroworld } from "../microworld/write.ts"
import { litmusCommand, printJson } from "./common.ts"

interface WriteOptions {
  readonly suite: string
  readonly json?: boolean
}

export function dataWriteCommand(): Command {
  return litmusCommand(
    "write",
    "Write the distributions and shifts of the embedded small world into a folder.",
  )
    .argument("<dir>", "new or empty folder; it becomes a data folder as --data takes it")
    .addOption(new Option("--suite <name>", "what to write").choices(["microworld"]).default("microworld"))
    .option("--json", "print the result as JSON")
    .option("--debug", "show the stack of an error")
    .action(runWrite)
}

async function runWrite(folder: string, { suite, json }: WriteOptions): Promise<void> {
  const distributions = await writeMicroworld(folder)
  if (json) printJson({ suite, folder, distributions })
  else {
    process.stdout.write(
      `${folder}: ${distributions.length} distributions (distributions/) and their shifts (distribution_shifts/)\n`,
    )
  }
}

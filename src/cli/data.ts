// litmus data: distributions as files.

import type { Command } from "commander"
import { litmusCommand } from "./common.ts"
import { dataWriteCommand } from "./data-write.ts"

export function dataCommand(): Command {
  return litmusCommand("data", "Make and look at folders of distributions.")
    .helpCommand(false)
    .addCommand(dataWriteCommand())
}

// litmus data: what is done with distributions before a model sees them.

import type { Command } from "commander"
import { litmusCommand } from "./common.ts"
import { dataCheckCommand } from "./data-check.ts"
import { dataImportCommand } from "./data-import.ts"
import { dataPullCommand } from "./data-pull.ts"
import { dataWriteCommand } from "./data-write.ts"

export function dataCommand(): Command {
  return litmusCommand("data", "Get the GENIES release, make distributions of your own, check them.")
    .helpCommand(false)
    .addCommand(dataPullCommand())
    .addCommand(dataImportCommand())
    .addCommand(dataCheckCommand())
    .addCommand(dataWriteCommand())
    .addHelpText("after", "\nEach explains itself: litmus data <command> --help")
}

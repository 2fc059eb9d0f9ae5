// The command line. A failure prints one line and exits with a non-zero code; --debug adds the stack.

import { Command } from "commander"
import { LitmusError, messageOf } from "../errors.ts"
import { packageVersion } from "../version.ts"
import { extractCommand } from "./extract.ts"
import { fitCommand } from "./fit.ts"
import { inspectCommand } from "./inspect.ts"
import { plainText } from "./table.ts"
import { transferCommand } from "./transfer.ts"

const program = new Command("litmus")
  .description(
    "Does a direction read from a language model's activations on one distribution still tell good responses\nfrom bad ones on another?",
  )
  .version(packageVersion(), "-v, --version", "print the version")
  .helpOption("-h, --help", "show this help")
  .helpCommand(false)
  .showSuggestionAfterError()
  .addCommand(transferCommand())
  .addCommand(extractCommand())
  .addCommand(fitCommand())
  .addCommand(inspectCommand())
  .addHelpText("after", "\nEvery command explains itself: litmus <command> --help")

// A reader that has seen enough (| head) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

try {
  await program.parseAsync()
} catch (error) {
  const debug = process.argv.includes("--debug")
  const hint = error instanceof LitmusError || debug ? "" : " (unexpected; --debug shows where)"
  process.stderr.write(`litmus: ${plainText(messageOf(error)).replaceAll("\n", " ")}${hint}\n`)
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  process.exitCode = 1
}

// The command line. A failure prints one line and exits with a non-zero code; --debug adds the stack.

import { Command } from "commander"
import { LitmusError, messageOf } from "../errors.ts"
import { packageVersion } from "../version.ts"
import { errorLine, oneLineErrors } from "./common.ts"
import { benchCommand } from "./bench.ts"
import { agreementCommand } from "./agreement.ts"
import { dataCommand } from "./data.ts"
import { demoCommand } from "./demo.ts"
import { devicesCommand } from "./devices.ts"
import { directionsCommand } from "./directions.ts"
import { extractCommand } from "./extract.ts"
import { fitCommand } from "./fit.ts"
import { importResultsCommand } from "./import-results.ts"
import { inspectCommand } from "./inspect.ts"
import { plotCommand } from "./plot.ts"
import { projectCommand } from "./project.ts"
import { reportCommand, viewCommand } from "./report.ts"
import { tableCommand } from "./results-table.ts"
import { pretrainCommand } from "./pretrain.ts"
import { plainText } from "./table.ts"
import { tuneCommand } from "./tune.ts"
import { submitCommand } from "./submit.ts"
import { sweepCommand } from "./sweep.ts"
import { transferCommand } from "./transfer.ts"

const program = new Command("litmus")
  .description(
    "Does a direction read from a language model's activations on one distribution still tell good responses from bad ones on another?",
  )
  .version(packageVersion(), "-v, --version", "print the version")
  .helpOption("-h, --help", "show this help")
  .helpCommand(false)
  .configureOutput(oneLineErrors)
  .showSuggestionAfterError()
  .addCommand(demoCommand())
  .addCommand(transferCommand())
  .addCommand(benchCommand())
  .addCommand(extractCommand())
  .addCommand(fitCommand())
  .addCommand(tuneCommand())
  .addCommand(agreementCommand())
  .addCommand(sweepCommand())
  .addCommand(directionsCommand())
  .addCommand(projectCommand())
  .addCommand(inspectCommand())
  .addCommand(dataCommand())
  .addCommand(devicesCommand())
  .addCommand(submitCommand())
  .addCommand(importResultsCommand())
  .addCommand(tableCommand())
  .addCommand(reportCommand())
  .addCommand(viewCommand())
  .addCommand(plotCommand())
  .addCommand(pretrainCommand())
  .addHelpText("after", "\nEvery command explains itself: litmus <command> --help")

// A reader that has seen enough (| head) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

try {
  await program.parseAsync()
} catch (error) {
  const debug = process.argv.includes("--debug")
  const hint = error instanceof LitmusError || debug ? "" : " (unexpected; --debug shows where)"
  process.stderr.write(errorLine(messageOf(error) + hint))
  if (debug && error instanceof Error) process.stderr.write(`${plainText(error.stack ?? "")}\n`)
  process.exitCode = 1
}

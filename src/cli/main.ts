// The command line. A failure prints one line and exits with a non-zero code; --debug adds the stack.

import { Command } from "commander"
import { LitmusError, messageOf } from "../base/errors.ts"
import { packageVersion } from "../base/version.ts"
import { commands, type CommandEntry } from "./commands.ts"
import { errorLine, oneLineErrors } from "./error-line.ts"
import { plainText } from "./plain-text.ts"

// A reader that has seen enough (| head) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1))

try {
  const program = await programFor(process.argv[2])
  await program.parseAsync()
} catch (error) {
  const debug = process.argv.includes("--debug")
  const hint = error instanceof LitmusError || debug ? "" : " (unexpected; --debug shows where)"
  process.stderr.write(errorLine(messageOf(error) + hint))
  if (debug && error instanceof Error) process.stderr.write(`${plainText(error.stack ?? "")}\n`)
  process.exitCode = 1
}

/** The program with the command that is called; of the others only what the help says. */
async function programFor(called: string | undefined): Promise<Command> {
  const program = new Command("litmus")
    .description(
      "Does a direction read from a language model's activations on one distribution still tell good responses from bad ones on another?",
    )
    .usage("<command> [options]")
    .version(packageVersion(), "-v, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .configureOutput(oneLineErrors)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showSuggestionAfterError()
    .addHelpText("after", "\nEvery command explains itself: litmus <command> --help")
  for (const entry of commands) {
    const command = entry.name === called ? await entry.load() : namedOnly(entry)
    program.addCommand(command.summary(entry.summary).helpGroup(entry.group))
  }
  return program
}

function namedOnly({ name }: CommandEntry): Command {
  return new Command(name).configureOutput(oneLineErrors)
}

// The one line on standard error that says what went wrong.

import type { OutputConfiguration } from "commander"
import { plainText } from "./plain-text.ts"

/** An error's message on one line, behind the program's name. */
export function errorLine(message: string): string {
  return `litmus: ${plainText(message)
    .trim()
    .replaceAll(/\s*\n\s*/g, " ")}\n`
}

/** What commander finds wrong with the arguments, in the one line that every error has. */
export const oneLineErrors: OutputConfiguration = {
  outputError: (text, write) => write(errorLine(text.replace(/^error: /, ""))),
}

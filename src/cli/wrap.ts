// Text in lines no longer than the terminal is wide.

/** Columns of the terminal; where standard output is none, lines are as long as a page is wide. */
export function terminalWidth(): number {
  return process.stdout.columns ?? 100
}

/**
 * Breaks text at its spaces.
 *
 * @param options.indent - columns that come before every line but the first, and count for all lines
 * @param options.width - of the lines, defaults to the terminal's
 */
export function wrap(
  text: string,
  { indent = 0, width = terminalWidth() }: { indent?: number; width?: number } = {},
): string {
  const lines = [""]
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!
    if (line !== "" && indent + line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`
  }
  return lines.join(`\n${" ".repeat(indent)}`)
}

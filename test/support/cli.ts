// The command line as a process of its own: the build where it is newer than every source (0.3 s to start; `npm test`
// builds first), otherwise the sources through tsx (0.9 s). Never a stale build.

import { spawn } from "node:child_process"
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")

function newest(folder: string, name: RegExp): number {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
  return Math.max(
    0,
    ...files.filter((file) => name.test(file)).map((file) => statSync(join(root, folder, file)).mtimeMs),
  )
}

function isBuilt(): boolean {
  const sources = Math.max(...["src", "probes", "activations"].map((folder) => newest(folder, /\.ts$/)))
  try {
    return statSync(join(root, "dist/src/cli/main.js")).mtimeMs > sources
  } catch {
    return false
  }
}

/** The words that call `litmus`. */
export const program = isBuilt()
  ? [join(root, "bin/litmus.js")]
  : ["--import", import.meta.resolve("tsx"), join(root, "src/cli/main.ts")]

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  /** In blocks of 512 bytes, as `ulimit -f` counts in dash: no file may grow larger. */
  readonly largestFile?: number
}

/** Runs `litmus` with these arguments. */
export function litmus(
  args: readonly string[],
  { env = {}, largestFile }: CliOptions = {},
): Promise<Outcome> {
  const [command, words] =
    largestFile === undefined
      ? [process.execPath, [...program, ...args]]
      : ["sh", ["-c", `ulimit -f ${largestFile}; exec "$0" "$@"`, process.execPath, ...program, ...args]]
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, env: { ...environment(), ...env } })
    const output = { stdout: "", stderr: "" }
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => (output[stream] += text))
    }
    child.on("error", reject).on("close", (code) => resolve({ code, ...output }))
  })
}

/** One line on standard error beginning with `litmus: `, nothing on standard output, a non-zero code. */
export function complaint({ code, stdout, stderr }: Outcome): string {
  const lines = stderr.split("\n")
  const isOne = lines.length === 2 && lines[1] === "" && lines[0]!.startsWith("litmus: ")
  if (code === 0 || code === null || stdout !== "" || !isOne) {
    throw new Error(`expected one line of complaint, got code ${code}:\n${stderr}\n---\n${stdout}`)
  }
  return lines[0]!.slice("litmus: ".length)
}

function environment(): NodeJS.ProcessEnv {
  const { LITMUS_CACHE: _, NODE_OPTIONS: __, VITEST: ___, ...rest } = process.env
  return rest
}

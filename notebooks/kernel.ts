// Runs notebooks without Jupyter: starts the Deno kernel and speaks Jupyter's protocol with it
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html).

import { spawn, type ChildProcess } from "node:child_process"
import { randomUUID } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Dealer, Subscriber } from "zeromq"

/** An output as a notebook keeps it. */
export type Output =
  | { output_type: "stream"; name: string; text: string[] }
  | { output_type: "display_data"; data: Record<string, unknown>; metadata: object }
  | {
      output_type: "execute_result"
      data: Record<string, unknown>
      metadata: object
      execution_count: number
    }

export interface Cell {
  cell_type: "code" | "markdown"
  source: string[]
  outputs?: Output[]
  execution_count?: number | null
}

export interface Notebook {
  cells: Cell[]
  [other: string]: unknown
}

/**
 * Deno's program; undefined where its package has none for this machine.
 *
 * The program itself, not the package's command: that starts it as a process of its own, which would outlive it.
 */
export function denoProgram(): string | undefined {
  const libc = process.platform === "linux" ? "-glibc" : ""
  const [name, file] = [
    `@deno/${process.platform}-${process.arch}${libc}`,
    process.platform === "win32" ? "deno.exe" : "deno",
  ]
  try {
    const require = createRequire(createRequire(import.meta.url).resolve("deno/package.json"))
    const program = join(dirname(require.resolve(`${name}/package.json`)), file)
    return existsSync(program) ? program : undefined
  } catch {
    return undefined
  }
}

/**
 * Runs a notebook from top to bottom in a kernel of its own.
 *
 * @param path - the notebook; cells run in its folder
 * @returns the notebook with its outputs
 * @throws if a cell fails, with what the kernel says
 */
export async function runNotebook(path: string): Promise<Notebook> {
  const notebook = JSON.parse(await readFile(path, "utf8")) as Notebook
  const kernel = await startKernel(dirname(path))
  try {
    let count = 0
    for (const cell of notebook.cells) {
      if (cell.cell_type !== "code") continue
      count += 1
      cell.execution_count = count
      cell.outputs = await kernel.execute(cell.source.join(""), count)
    }
    return notebook
  } finally {
    await kernel.stop()
  }
}

/** The text of a notebook's file. */
export function notebookText(notebook: Notebook): string {
  return `${JSON.stringify(notebook, undefined, 1)}\n`
}

interface Kernel {
  execute(code: string, count: number): Promise<Output[]>
  stop(): Promise<void>
}

async function startKernel(folder: string): Promise<Kernel> {
  const place = await mkdtemp(join(tmpdir(), "litmus-kernel-"))
  const file = join(place, "connection.json")
  const [shellPort, iopubPort, stdin, control, heartbeat] = await freePorts(5)
  const connection = {
    transport: "tcp",
    ip: "127.0.0.1",
    shell_port: shellPort,
    iopub_port: iopubPort,
    stdin_port: stdin,
    control_port: control,
    hb_port: heartbeat,
    // No key: messages are not signed. The ports are this machine's alone.
    key: "",
    signature_scheme: "hmac-sha256",
  }
  await writeFile(file, JSON.stringify(connection))
  const program = denoProgram()
  if (program === undefined) throw new Error("the package deno is not installed")
  const child = spawn(program, ["jupyter", "--kernel", "--conn", file], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  })
  let complaints = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text))
  const died = new Promise<never>((_, reject) => {
    child.once("exit", (code) => reject(new Error(`the kernel ended with code ${code}: ${complaints}`)))
  })
  died.catch(() => undefined)
  const shell = new Dealer({ linger: 0 })
  const iopub = new Subscriber({ linger: 0 })
  shell.connect(`tcp://127.0.0.1:${shellPort}`)
  iopub.connect(`tcp://127.0.0.1:${iopubPort}`)
  iopub.subscribe()
  const session = randomUUID()
  const send = async (type: string, content: object): Promise<string> => {
    const id = randomUUID()
    const date = new Date().toISOString()
    const header = { msg_id: id, username: "litmus", session, msg_type: type, version: "5.3", date }
    await shell.send(["<IDS|MSG>", "", JSON.stringify(header), "{}", "{}", JSON.stringify(content)])
    return id
  }
  await send("kernel_info_request", {})
  await Promise.race([shell.receive(), died])
  return {
    async execute(code, count) {
      const request = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false }
      const id = await send("execute_request", { ...request, stop_on_error: true })
      const outputs: Output[] = []
      await Promise.race([collectOutputs(iopub, { id, count, until: id }, outputs), died])
      // The kernel may publish a result after it has said that it is idle: ask it something else before going on.
      const until = await send("kernel_info_request", {})
      await Promise.race([collectOutputs(iopub, { id, count, until }, outputs), died])
      return outputs
    },
    async stop() {
      await stopProcess(child)
      shell.close()
      iopub.close()
      await rm(place, { recursive: true, force: true })
    },
  }
}

/** Adds the outputs of the request `id`, until the kernel is idle again after the request `until`. */
async function collectOutputs(
  iopub: Subscriber,
  { id, count, until }: { id: string; count: number; until: string },
  outputs: Output[],
): Promise<void> {
  for (;;) {
    const { type, parent, content } = parseMessage(await iopub.receive())
    if (type === "status" && content.execution_state === "idle" && parent === until) return
    if (parent !== id) continue
    if (type === "error") throw new Error(`${String(content.ename)}: ${String(content.evalue)}`)
    if (type === "stream") addStream(outputs, String(content.name), String(content.text))
    const data = (content.data ?? {}) as Record<string, unknown>
    const shown = Object.fromEntries(Object.entries(data).map(([mime, value]) => [mime, linesOf(value)]))
    if (type === "display_data") outputs.push({ output_type: "display_data", data: shown, metadata: {} })
    if (type === "execute_result") {
      outputs.push({ output_type: "execute_result", data: shown, metadata: {}, execution_count: count })
    }
  }
}

function parseMessage(frames: readonly Buffer[]): {
  type: string
  parent: string
  content: Record<string, unknown>
} {
  const texts = frames.map(String)
  const start = texts.indexOf("<IDS|MSG>") + 2
  const [header, parent, , content] = texts
    .slice(start)
    .map((text) => JSON.parse(text) as Record<string, unknown>)
  return { type: String(header?.msg_type), parent: String(parent?.msg_id), content: content ?? {} }
}

/** Texts printed one after another to one stream are one output. */
function addStream(outputs: Output[], name: string, text: string): void {
  const last = outputs.at(-1)
  const before = last?.output_type === "stream" && last.name === name ? outputs.pop() : undefined
  const whole = (before?.output_type === "stream" ? before.text.join("") : "") + text
  outputs.push({ output_type: "stream", name, text: linesOf(whole) as string[] })
}

/** Texts are kept as lists of lines, so that changes of a notebook can be read. */
function linesOf(value: unknown): unknown {
  return typeof value === "string" ? value.split(/(?<=\n)/) : value
}

async function freePorts(n: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: n },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once("exit", resolve))
  child.kill("SIGKILL")
  child.stderr?.destroy()
  await ended
}

// Serves a written report on this machine alone.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { readFile } from "node:fs/promises"
import { extname, join } from "node:path"
import type { AddressInfo } from "node:net"
import { LitmusError, messageOf } from "../base/errors.ts"

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
}

const headers = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
}

export interface ServedReport {
  /** `http://127.0.0.1:<port>/`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves a folder that `writeSite` wrote, on 127.0.0.1.
 *
 * @param options.port - defaults to 0, any free one
 * @throws {LitmusError} if the port is taken, or is none
 */
export async function serveSite(folder: string, { port = 0 }: { port?: number } = {}): Promise<ServedReport> {
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new LitmusError(`port: expected an integer from 0 to 65535, got ${port}`)
  }
  const server = createServer((request, response) => void answer(folder, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const what =
        error.code === "EADDRINUSE" ? "it is taken (give another, or leave --port out)" : messageOf(error)
      reject(new LitmusError(`cannot serve on port ${port}: ${what}`, { cause: error }))
    })
    server.listen(port, "127.0.0.1", resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${taken}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const respond = (status: number, type: string, body: string | Uint8Array): void => {
    response.writeHead(status, { ...headers, "Content-Type": type })
    response.end(request.method === "HEAD" ? undefined : body)
  }
  // A page elsewhere that has its name resolved to this machine must not read the report.
  const host = (request.headers.host ?? "").replace(/:\d+$/, "")
  if (!["127.0.0.1", "localhost"].includes(host)) return respond(403, types[".txt"]!, "unknown host\n")
  if (request.method !== "GET" && request.method !== "HEAD") return respond(405, types[".txt"]!, "only GET\n")
  const path = (request.url ?? "/").replace(/[?#].*$/, "")
  // The names that writeSite gives: no step upwards can be among them.
  const name = path === "/" ? "index.html" : /^\/((?:data\/)?\w[\w-]*\.\w+)$/.exec(path)?.[1]
  const type = name === undefined ? undefined : types[extname(name)]
  if (name === undefined || type === undefined) return respond(404, types[".txt"]!, "not found\n")
  try {
    respond(200, type, await readFile(join(folder, name)))
  } catch {
    respond(404, types[".txt"]!, "not found\n")
  }
}

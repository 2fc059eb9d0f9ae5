// An address at which nothing listens.

import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** `http://127.0.0.1:<port>` of a port that was free a moment ago. */
export async function unreachable(): Promise<string> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return `http://127.0.0.1:${port}`
}

// Reads the report's data. Pages opened from the file system may not fetch, but may load scripts: each data file calls
// `litmusData` with its name and a text of JSON.

import type { DataFile } from "../site-data.ts"

declare global {
  // oxlint-disable-next-line no-var
  var litmusData: (name: string, json: string) => void
}

const arrived = new Map<string, (text: string) => void>()
const early = new Map<string, string>()
const known = new Map<string, Promise<unknown>>()

globalThis.litmusData = (name, json) => {
  const deliver = arrived.get(name)
  if (deliver) deliver(json)
  else early.set(name, json)
}

/**
 * The content of a data file, read once.
 *
 * @throws if there is no such file
 */
export function load<Content>({ name }: DataFile<Content>): Promise<Content> {
  const promise = known.get(name) ?? read(name)
  known.set(name, promise)
  return promise as Promise<Content>
}

async function read(name: string): Promise<unknown> {
  return JSON.parse(early.get(name) ?? (await script(name))) as unknown
}

function script(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    arrived.set(name, resolve)
    const element = document.createElement("script")
    element.src = `data/${name}.js`
    element.addEventListener("error", () => {
      known.delete(name)
      reject(new Error(`The file data/${name}.js is missing from this report.`))
    })
    // A file that was cut off runs without handing anything over.
    element.addEventListener("load", () =>
      setTimeout(() => reject(new Error(`data/${name}.js holds no data.`))),
    )
    document.head.append(element)
  })
}

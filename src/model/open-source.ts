// From a path to what a model is read from.

import { open, stat } from "node:fs/promises"
import { folderSource } from "./checkpoint/folder.ts"
import type { ModelSource, SourceOptions } from "./checkpoint/source.ts"

/** Opens a model's folder or GGUF file; nothing of a folder is read yet. */
export async function openSource(path: string, options: SourceOptions = {}): Promise<ModelSource> {
  if (!(await isGguf(path))) return folderSource(path, options)
  // Loaded late: most models are folders.
  const { openGguf } = await import("./gguf/source.ts")
  return await openGguf(path, options)
}

/** True for a file that calls itself GGUF, by its name or by how it begins. */
export async function isGguf(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  if (found ? !found.isFile() : !hasGgufName(path)) return false
  return hasGgufName(path) || (await firstBytes(path)) === "GGUF"
}

/** True for a name of a GGUF file, which is never taken for a model of the hub. */
export function hasGgufName(path: string): boolean {
  return /\.gguf$/i.test(path)
}

async function firstBytes(path: string): Promise<string | undefined> {
  const file = await open(path, "r").catch(() => undefined)
  try {
    const { buffer, bytesRead } = (await file?.read(Buffer.alloc(4), 0, 4, 0)) ?? {}
    return buffer?.toString("latin1", 0, bytesRead)
  } finally {
    await file?.close()
  }
}

// `--results`: what a command measures is kept in a store of results, too, for its report.

import { basename, resolve } from "node:path"
import type { Command } from "commander"
import { fingerprint } from "../base/files.ts"
import { embeddedModelName, isEmbeddedModel } from "../microworld/embedded.ts"
import { writeStoredFigure, type StoredKind } from "../report/stored-figures.ts"

export interface KeepOptions {
  readonly results?: string
  readonly name?: string
}

/** Adds the options. */
export function withResults(command: Command): Command {
  return command
    .option("--results <dir>", "keep the figures in this store of results, for litmus report")
    .option("--name <name>", "what the store calls the model (default: the name of its folder)")
}

/**
 * Keeps figures where that was asked for; those of the same question are replaced.
 *
 * @param question - what the figures answer: makes the file's name
 */
export async function keepFigure(
  { results, name, model, adapter }: KeepOptions & { readonly model: string; readonly adapter?: string },
  { kind, question }: { kind: StoredKind; question: readonly unknown[] },
  value: object,
): Promise<void> {
  if (results === undefined) return
  const file = `${plain(question.filter((part) => typeof part === "string").join("-")).slice(0, 80)}-${fingerprint(question)}`
  await writeStoredFigure(results, { kind, model: name ?? nameInStore(model, adapter), name: file }, value)
}

/** A model's name in a store: that of its folder, and of its adapter's. */
export function nameInStore(model: string, adapter: string | undefined): string {
  const name = isEmbeddedModel(model) ? embeddedModelName : plain(basename(resolve(model)))
  return adapter === undefined ? name : `${name}+${plain(basename(resolve(adapter)))}`
}

function plain(name: string): string {
  return name.replaceAll(/[^\w.%-]+/g, "-")
}

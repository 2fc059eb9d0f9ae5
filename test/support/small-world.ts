// What the tests of the command line share: a small random model, sums as data, and the arguments that name them.

import { join } from "node:path"
import { complaint, litmus, type Outcome } from "./cli.ts"
import { writeSums } from "./data-folder.ts"
import { writeRandomModel } from "./random-model.ts"
import { temporaryFolder } from "./temporary.ts"

export interface SmallWorld {
  readonly root: string
  readonly model: string
  readonly data: string
  readonly cache: string
  /** All that says what to work on but the model: data, cache, one thread, no progress. */
  readonly place: readonly string[]
  /** The same with the model. */
  readonly inputs: readonly string[]
}

export async function smallWorld(): Promise<SmallWorld> {
  const root = temporaryFolder()
  const data = writeSums(join(root, "data"))
  const model = await writeRandomModel(join(root, "model"))
  const cache = join(root, "cache")
  const place = ["--data", data, "--cache", cache, "--threads", "1", "--quiet"]
  return { root, model, data, cache, place, inputs: ["--model", model, ...place] }
}

/** `transfer` from sums to a target, to be followed by inputs. */
export function transferTo(target: string): string[] {
  return ["transfer", "--intervention", "mms", "--source", "sums", "--target", target]
}

/** `extract` of one small split, to be followed by inputs. */
export const extractMore = ["extract", "--distribution", "more", "--split", "test", "--sites", "heads"]

/** Runs what must succeed in silence. */
export async function succeed(args: readonly string[]): Promise<Outcome> {
  const outcome = await litmus(args)
  if (outcome.code !== 0 || outcome.stderr !== "") throw new Error(`code ${outcome.code}: ${outcome.stderr}`)
  return outcome
}

/** Runs what must fail and returns the one line that it says. */
export async function complaintOf(args: readonly string[]): Promise<string> {
  return complaint(await litmus(args))
}

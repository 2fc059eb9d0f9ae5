// What an evaluation of our own says that it was made of and with.

import type { Distribution } from "../../data/index.ts"

/** A split that an evaluation depends on. */
export interface StoredInput {
  readonly id: string
  /** How many examples. */
  readonly examples: number
  readonly fingerprint: string
}

/** What an evaluation was made of and with. */
export interface StoredInputs {
  /** Of the intervention, defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>
  /** A fingerprint of the weights. */
  readonly model: string
  /** What ran it: the engine's name and version, and the device. */
  readonly engine: string
  /** What the distributions were turned into, if into anything. */
  readonly task?: string
  /** Where this left out examples of the source or the target: at most how many were used of each. */
  readonly maxExamples?: number
  readonly source: StoredInput
  readonly target: StoredInput
}

/** The fields of `litmus` that say what an evaluation is of. */
export function inputFields(source: Distribution, target: Distribution): Record<string, unknown> {
  const maxExamples = source.maxExamples ?? target.maxExamples
  const { task } = target
  return {
    source: inputOf(source),
    target: inputOf(target),
    ...(task === undefined ? {} : { task }),
    ...(maxExamples === undefined ? {} : { max_examples: maxExamples }),
  }
}

function inputOf({ id, examples, fingerprint }: Distribution): StoredInput {
  return { id, examples: examples.length, fingerprint }
}

/** Reads what an evaluation's `litmus` says of its inputs; undefined where that is not all there. */
export function parseInputs(fields: Readonly<Record<string, unknown>>): StoredInputs | undefined {
  const { options, model, engine, task, max_examples: maxExamples } = fields
  const [source, target] = [parseInput(fields.source), parseInput(fields.target)]
  if (!isObject(options) || typeof model !== "string" || typeof engine !== "string") return undefined
  if (!source || !target) return undefined
  return {
    options,
    model,
    engine,
    ...(typeof task === "string" ? { task } : {}),
    ...(typeof maxExamples === "number" ? { maxExamples } : {}),
    source,
    target,
  }
}

function parseInput(json: unknown): StoredInput | undefined {
  if (!isObject(json)) return undefined
  const { id, examples, fingerprint } = json
  return typeof id === "string" && typeof examples === "number" && typeof fingerprint === "string"
    ? { id, examples, fingerprint }
    : undefined
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json)
}

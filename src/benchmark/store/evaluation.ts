// What the files of a store say of one evaluation: its pairs and metrics, how its intervention did on held-out data, or why
// there is none.

import { LitmusError } from "../../base/errors.ts"
import type { TrainingRecord } from "../../tuning/training-record.ts"
import type { PairSet } from "../../data/index.ts"
import { parseInputs, type StoredInputs } from "./inputs.ts"
import { parsePairSet, parseTraining } from "./training.ts"

/** An evaluation as a store holds it. */
export interface StoredEvaluation {
  /** Share of pairs in which the better response is preferred. */
  readonly accuracy: number
  /** What a pair with p = ½ counts: 1 in the release, ½ here. */
  readonly tieValue: number
  /** Probability that the better response is the better one, `[nPairs]`; the release's CCS stores none. */
  readonly probabilities?: readonly number[]
  /** Places of the scored pairs among all pairs of the split; absent if they are all of them, or not known. */
  readonly pairs?: readonly number[]
  /** Above 0 where the better response is preferred, `[nPairs]`; they decide where p is ½ to the last digit. */
  readonly logits?: readonly number[]
  /** What else was measured; of our own evaluations alone. */
  readonly metrics?: StoredMetrics
  /** The pairs that it was trained on; of our own evaluations of what is trained on pairs alone. */
  readonly trainedOn?: PairSet
  /** What the training came to; of models that were tuned here alone. */
  readonly training?: TrainingRecord
  /** What it was made of and with; of our own evaluations alone. */
  readonly inputs?: StoredInputs
  /** A fingerprint of all that it depends on; of our own evaluations alone. */
  readonly run?: string
  /** A fingerprint of the target's examples, whose pairs these are; of our own evaluations alone. */
  readonly examples?: string
}

/** The figures that an evaluation keeps because its pairs alone do not give them. */
export interface StoredMetrics {
  /** Share of prompts whose better response beats all others. */
  readonly promptAccuracy?: number
  /** What is right by chance per prompt. */
  readonly promptChance?: number
  /** What is right by chance per pair. */
  readonly pairChance?: number
  /** Over pooled single responses. */
  readonly auroc?: number
  /** Share of pairs on which it agrees with "choose the longer response". */
  readonly agreementWithLonger?: number
  readonly skippedPairs?: number
  /** Every pair in both orders, 10 bins. */
  readonly rmsCalibrationError?: number
  /** As the 2023 release computes it. */
  readonly rmsCalibrationErrorGenies2023?: number
}

/** How well an intervention does on held-out data of a reference: what the best one is chosen by. */
export interface StoredTrial {
  readonly run: string
  /** Share of held-out pairs in which the better response is preferred, a tie counting ½. */
  readonly accuracy: number
  readonly pairs: number
}

/** Why an evaluation cannot be made: found by fitting or scoring, and not to be found out again. */
export interface StoredSkip {
  readonly run: string
  readonly reason: string
}

/**
 * Outcomes of an evaluation's pairs, ties counted as its accuracy counts them unless told otherwise, `[nPairs]`.
 * Undefined where there are no probabilities.
 */
export function storedOutcomes(
  { probabilities, logits, tieValue }: StoredEvaluation,
  tie = tieValue,
): Float64Array | undefined {
  const outcome = (margin: number): number => (margin > 0 ? 1 : margin < 0 ? 0 : tie)
  if (logits) return Float64Array.from(logits, outcome)
  return probabilities && Float64Array.from(probabilities, (p) => outcome(p - 0.5))
}

/**
 * Whether evaluations of one split may be set pair beside pair: not where they are of other examples of it, as with
 * another `--max-examples` or seed. The release's, which do not say, are of all.
 */
export function areOfSameExamples(evaluations: readonly StoredEvaluation[]): boolean {
  return new Set(evaluations.flatMap(({ examples }) => examples ?? [])).size <= 1
}

/** Reads the fields of an evaluation. One without the object `litmus` is the release's: p = ½ counts as right. */
export function parseEvaluation(json: unknown, where: string): StoredEvaluation {
  const fields = fieldsOf(json, where)
  const accuracy = fields.eval_accuracy
  if (!(typeof accuracy === "number" && accuracy >= 0 && accuracy <= 1)) {
    throw new LitmusError(`${where} .eval_accuracy: expected a share, got ${String(accuracy)}`)
  }
  const ours = fields.litmus === undefined ? {} : fieldsOf(fields.litmus, `${where} .litmus`)
  const tieValue = ours.tie_value ?? 1
  if (tieValue !== 1 && tieValue !== 0.5) {
    throw new LitmusError(`${where} .litmus.tie_value: expected 1 or 0.5, got ${JSON.stringify(tieValue)}`)
  }
  const probabilities = fields.eval_probabilities
  const isShare = (p: number): boolean => p >= 0 && p <= 1
  const run = ours.run
  const inputs = parseInputs(ours)
  const target = ours.target === undefined ? undefined : fieldsOf(ours.target, `${where} .litmus.target`)
  const examples = target?.fingerprint
  return {
    accuracy,
    tieValue,
    ...(inputs ? { inputs } : {}),
    ...(ours.trained_on === undefined
      ? {}
      : { trainedOn: parsePairSet(ours.trained_on, `${where} .litmus.trained_on`) }),
    ...(ours.training === undefined
      ? {}
      : { training: parseTraining(ours.training, `${where} .litmus.training`) }),
    ...(typeof run === "string" ? { run } : {}),
    ...(typeof examples === "string" ? { examples } : {}),
    ...(ours.metrics === undefined ? {} : { metrics: metricsOf(ours.metrics, `${where} .litmus.metrics`) }),
    ...(ours.logits === undefined
      ? {}
      : { logits: numbers(ours.logits, `${where} .litmus.logits`, () => true) }),
    ...(probabilities === undefined
      ? {}
      : { probabilities: numbers(probabilities, `${where} .eval_probabilities`, isShare) }),
    ...(ours.pairs === undefined
      ? {}
      : { pairs: numbers(ours.pairs, `${where} .litmus.pairs`, (n) => Number.isSafeInteger(n) && n >= 0) }),
  }
}

function metricsOf(json: unknown, where: string): StoredMetrics {
  const fields = fieldsOf(json, where)
  const names = [
    "promptAccuracy",
    "auroc",
    "agreementWithLonger",
    "skippedPairs",
    "rmsCalibrationError",
    "rmsCalibrationErrorGenies2023",
  ] as const
  return {
    ...Object.fromEntries(
      names.flatMap((name) => (typeof fields[name] === "number" ? [[name, fields[name]]] : [])),
    ),
    ...chancesOf(fields, where),
  }
}

function chancesOf({ chance, yes }: Readonly<Record<string, unknown>>, where: string): StoredMetrics {
  if (chance !== undefined) {
    const { pairs, prompts } = fieldsOf(chance, `${where}.chance`)
    if (typeof pairs === "number" && typeof prompts === "number") {
      return { pairChance: pairs, promptChance: prompts }
    }
    throw new LitmusError(`${where}.chance: expected numbers, got ${JSON.stringify(chance)}`)
  }
  // Of before: of the truthfulness task it is known how often Yes is right.
  const right = yes === undefined ? undefined : fieldsOf(yes, `${where}.yes`).right
  return typeof right === "number" ? { pairChance: Math.max(right, 1 - right) } : {}
}

export function parseTrial(json: unknown, where: string): StoredTrial {
  const { run, accuracy, pairs } = fieldsOf(json, where)
  if (typeof run === "string" && typeof accuracy === "number" && typeof pairs === "number") {
    return { run, accuracy, pairs }
  }
  throw new LitmusError(`${where}: expected a run, an accuracy and a number of pairs`)
}

export function parseSkip(json: unknown, where: string): StoredSkip {
  const { run, reason } = fieldsOf(json, where)
  if (typeof run === "string" && typeof reason === "string") return { run, reason }
  throw new LitmusError(`${where}: expected a run and a reason`)
}

export function fieldsOf(json: unknown, where: string): Record<string, unknown> {
  if (typeof json === "object" && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>
  throw new LitmusError(`${where}: expected an object, got ${Array.isArray(json) ? "a list" : String(json)}`)
}

export function numbers(value: unknown, where: string, passes: (n: number) => boolean): number[] {
  if (!Array.isArray(value))
    throw new LitmusError(`${where}: expected a list of numbers, got ${typeof value}`)
  const bad = value.findIndex((entry) => !(typeof entry === "number" && passes(entry)))
  if (bad >= 0)
    throw new LitmusError(`${where}[${bad}]: expected a fitting number, got ${String(value[bad])}`)
  return value as number[]
}

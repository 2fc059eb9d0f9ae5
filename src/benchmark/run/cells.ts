// One cell of a benchmark: an intervention, fitted on a source, tested on a target; how its evaluation is written, and
// how one knows that the store has it already.

import { measure } from "../evaluate.ts"
import { responseStartKey, sharedStarts } from "../../sequences/response-start-key.ts"
import { type Distribution } from "../../data/index.ts"
import { FileError, LitmusError, UnusableDataError } from "../../base/errors.ts"
import { fingerprint } from "../../base/files.ts"
import { brierScore } from "../../metrics/index.ts"
import { engineName } from "../../graph/engine.ts"
import type { Fit } from "./plan.ts"
import type { FittedIntervention, Intervention } from "../interventions/contract.ts"
import { inputFields } from "../store/inputs.ts"
import type { StoredEvaluation } from "../store/evaluation.ts"
import type { ResultStore } from "../store/results.ts"
import type { Workbench } from "../workbench/workbench.ts"

// Changes when the same inputs would give another evaluation.
const format = 1

/** A fingerprint of everything that an evaluation depends on. */
export async function runOf(
  bench: Workbench,
  intervention: Intervention,
  source: Distribution,
  target: Distribution,
): Promise<string> {
  const { name, options, revision } = intervention
  return fingerprint({
    format,
    intervention: name,
    options,
    seed: bench.seed,
    model: bench.model.fingerprint,
    tokenizer: bench.model.tokenizerFingerprint,
    engine: engineName(bench.model.device),
    source: inputOf(source),
    target: inputOf(target),
    ...(revision === undefined ? {} : { revision }),
    ...(intervention.dependsOn ? { dependsOn: await intervention.dependsOn(bench) } : {}),
    ...responseStartKey(await asksForSplitStarts(bench, intervention, source, target)),
  })
}

/** Whether an evaluation depends on where responses begin that meet their prompt inside a token. */
async function asksForSplitStarts(
  bench: Workbench,
  { needs, responsesOf }: Intervention,
  source: Distribution,
  target: Distribution,
): Promise<boolean> {
  if (!responsesOf) return false
  const stimulus = needs?.stimulus
  for (const read of [source, target]) {
    const distribution = responsesOf(bench, source, read)
    const { nSplit, nUnpreceded } = await sharedStarts(bench.model, distribution, {
      cache: bench.cache,
      stimulus,
    })
    if (nSplit + nUnpreceded > 0) return true
  }
  return false
}

function inputOf({ id, split, fingerprint: content, task }: Distribution): readonly (string | null)[] {
  return [id, split, content, task ?? null]
}

/** What is to be done for a fit, and what is not. */
export interface FitCells {
  /** What it is fitted on; undefined if that cannot be used, or nothing is pending. */
  readonly train: Distribution | undefined
  /** The test splits that it is to be scored on. */
  readonly pending: readonly Distribution[]
  /** Evaluations that the store has, by target. */
  readonly held: ReadonlyMap<string, StoredEvaluation>
  /** Why a target cannot be scored, by target. */
  readonly unusable: ReadonlyMap<string, string>
}

/** Looks up which cells of a fit a store has, made of the same inputs. */
export async function lookUpCells(
  bench: Workbench,
  { intervention, name, mixture, source, targets }: Fit,
  { store, model }: { store: ResultStore; model: string },
): Promise<FitCells> {
  const train = await usable(() =>
    mixture ? bench.mixture({ source, ...mixture }) : bench.distribution(source, "train"),
  )
  const pending: Distribution[] = []
  const held = new Map<string, StoredEvaluation>()
  const unusable = new Map<string, string>()
  for (const target of targets) {
    const test = await usable(() => bench.distribution(target, "test"))
    if (typeof train === "string" || typeof test === "string") {
      unusable.set(target, typeof train === "string" ? train : (test as string))
      continue
    }
    const key = { model, intervention: name, source, target }
    const run = await runOf(bench, intervention, train, test)
    const found = await unlessDamaged(() => store.evaluation(key))
    if (found?.run === run) {
      held.set(target, found)
      continue
    }
    const skip = await unlessDamaged(() => store.skip(key))
    if (skip?.run === run) unusable.set(target, skip.reason)
    else pending.push(test)
  }
  return { train: typeof train === "string" ? undefined : train, pending, held, unusable }
}

/** A distribution, or something made of one, or why it cannot be used. */
export async function usable<T>(read: () => Promise<T>): Promise<T | string> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof UnusableDataError) return error.message
    throw error
  }
}

/** What a store has; what is damaged is made again. */
export async function unlessDamaged<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof LitmusError && !(error instanceof FileError)) return undefined
    throw error
  }
}

/** Scores a target and says what a store keeps of it: the release's fields, and ours under `litmus`. */
export async function evaluateCell(
  bench: Workbench,
  intervention: Intervention,
  fitted: FittedIntervention,
  { model, source, target }: { model: string; source: Distribution; target: Distribution },
): Promise<Record<string, unknown>> {
  const { asked, scores, evaluation } = await measure(target, (pairs) => fitted.score(bench, target, pairs))
  const probabilities = Array.from(scores.probabilities)
  // As in the release, an accuracy of single responses comes without pairs, whose accuracy would be another.
  const isOfPairs = evaluation.accuracyOf === "pairs"
  const places = new Map(asked.map((pair, k) => [pair, k]))
  const { distribution: _, split: _split, accuracy, brierScore: _brier, ...metrics } = evaluation
  return {
    model_dir: model,
    eval_accuracy: accuracy.estimate,
    ...(isOfPairs
      ? {
          eval_brier_score: brierScore(probabilities),
          eval_average_probability: probabilities.reduce((sum, p) => sum + p, 0) / probabilities.length,
          eval_probabilities: probabilities,
        }
      : {}),
    litmus: {
      tie_value: 0.5,
      run: await runOf(bench, intervention, source, target),
      intervention: intervention.name,
      options: intervention.options,
      fitted: fitted.summary,
      seed: bench.seed,
      model: bench.model.fingerprint,
      engine: engineName(bench.model.device),
      ...inputFields(source, target),
      accuracy: { low: accuracy.low, high: accuracy.high },
      metrics,
      ...(fitted.trainedOn ? { trained_on: fitted.trainedOn } : {}),
      ...(fitted.training ? { training: fitted.training } : {}),
      ...(isOfPairs ? { logits: Array.from(scores.logits) } : {}),
      ...(isOfPairs && evaluation.skippedPairs > 0
        ? { pairs: scores.pairs.map((pair) => places.get(pair) ?? asked.findIndex(samePair(pair))) }
        : {}),
    },
  }
}

/** The fields of an evaluation as those of another seed that shares it. */
export async function asOfSeed(
  bench: Workbench,
  intervention: Intervention,
  fields: Readonly<Record<string, unknown>>,
  { source, target }: { source: Distribution; target: Distribution },
): Promise<Record<string, unknown>> {
  const run = await runOf(bench, intervention, source, target)
  return { ...fields, litmus: { ...(fields.litmus as object), run, seed: bench.seed } }
}

function samePair(pair: { example: number; better: number; worse: number }): (other: typeof pair) => boolean {
  return ({ example, better, worse }) =>
    example === pair.example && better === pair.better && worse === pair.worse
}

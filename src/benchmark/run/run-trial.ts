// What measures a capability: LoRA, or the candidate that does best on a part of the reference's training split that it was
// not fitted on.

import {
  allPairs,
  dropSeen,
  keepExamples,
  seenInTraining,
  splitByPrompt,
  type Distribution,
} from "../../data/index.ts"
import { LitmusError } from "../../base/errors.ts"
import { pairAccuracy } from "../../metrics/index.ts"
import { writeTrial } from "../store/results.ts"
import { runOf } from "./cells.ts"
import type { Trial } from "./plan.ts"
import { attempt, type Run } from "./run-state.ts"
import type { Workbench } from "../workbench/workbench.ts"

/** What a candidate is fitted on, and what it is judged on. */
export interface TrialSplits {
  readonly fit: Distribution
  readonly judge: Distribution
}

/**
 * Divides a reference's training split by prompt. What is judged on has no prompt of the test split: pairs that report a
 * capability have no part in choosing by what it is measured.
 *
 * @throws {LitmusError} if every prompt to judge on is in the test split
 */
export async function trialSplits(
  bench: Pick<Workbench, "distribution">,
  { reference, seed }: Pick<Trial, "reference" | "seed">,
): Promise<TrialSplits> {
  const train = await bench.distribution(reference, "train")
  const test = await bench.distribution(reference, "test")
  const [fit, heldOut] = splitByPrompt(train.examples, { seed }).map((examples) =>
    keepExamples(train, new Set(examples.map(({ index }) => index))),
  ) as [Distribution, Distribution]
  const seen = seenInTraining(test, heldOut)
  if (seen.size === heldOut.examples.length) {
    throw new LitmusError(
      `${reference}: --capability best has no pairs to choose by: every held-out training prompt is in the test split`,
    )
  }
  return { fit, judge: dropSeen(heldOut, seen) }
}

/** Judges a candidate for the capability on a part of the reference's training split that it was not fitted on. */
export async function runTrial(run: Run, trial: Trial): Promise<void> {
  const { intervention, reference, seed } = trial
  const bench = run.benches.get(seed)!
  const store = run.stores.get(seed)!
  const what = { name: intervention.name, source: reference, seeds: [seed] }
  await attempt(run, what, [], async () => {
    const { fit, judge } = await trialSplits(bench, trial)
    const key = { model: run.options.name, intervention: intervention.name, source: reference }
    const made = await runOf(bench, intervention, fit, judge)
    let result = await store.trial(key)
    if (result?.run !== made) {
      const fitted = await intervention.fit(bench, fit)
      const { logits, pairs } = await fitted.score(bench, judge, allPairs(judge.examples))
      if (pairs.length === 0) return
      result = { run: made, accuracy: pairAccuracy(logits), pairs: pairs.length }
      await writeTrial(store.folder, key, result)
    }
    run.trials.set(`${seed} ${reference} ${intervention.name}`, result.accuracy)
  })
}

/** LoRA, or the candidate that did best on held-out data; the first of equals. */
export function capabilityBy({ spec, trials }: Run, seed: number, reference: string): string | undefined {
  const { by, candidates } = spec.capability
  if (by === "lora") return "lora"
  const judged = candidates.flatMap(({ name }) => {
    const accuracy = trials.get(`${seed} ${reference} ${name}`)
    return accuracy === undefined ? [] : [{ name, accuracy }]
  })
  const best = Math.max(...judged.map(({ accuracy }) => accuracy))
  return judged.find(({ accuracy }) => accuracy === best)?.name
}

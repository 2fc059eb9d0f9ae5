// Transfer: fit on a source distribution's training split, score the test splits of the source and of the targets.

import {
  dropSeen as withoutSeen,
  seenInTraining,
  type Distribution,
  type MixtureParts,
} from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import type { Evaluation } from "./evaluate.ts"
import { evaluate, nullAccuracies, nullBandOf } from "./evaluate.ts"
import type { FittedIntervention, Intervention, ShuffledIntervention } from "./interventions/contract.ts"
import type { Workbench } from "./workbench/workbench.ts"
import type { TrainingRecord } from "../tuning/training-record.ts"

export interface TransferResult {
  readonly intervention: string
  readonly options: Readonly<Record<string, unknown>>
  /** What was fitted, in words. */
  readonly fitted: string
  /** Of a tuned model: what its training came to. */
  readonly training?: TrainingRecord
  readonly source: string
  /** What was added to the source's training examples. */
  readonly mixture?: Pick<MixtureParts, "target" | "share">
  /** On the source's own test split. */
  readonly sourceEvaluation: Evaluation
  /** In the order asked for. */
  readonly targets: readonly Evaluation[]
  /** Test examples of the targets whose prompts were trained on, target by target. */
  readonly seen: readonly SeenPrompts[]
}

/** How much of a target's test split was trained on. */
export interface SeenPrompts {
  readonly distribution: string
  /**
   * Test examples whose prompt is a training prompt of the source (or of what was mixed into it); null where the data
   * folder has no training split of the source of a saved probe.
   */
  readonly seen: number | null
  readonly examples: number
  /** True if they were left out of the evaluation. */
  readonly dropped: boolean
}

/**
 * Fits an intervention on a source and tests it on targets.
 *
 * @param what.mixture - a share of a target's training examples to add to the source's; none by default. The source's
 *   own test split stays as it is
 */
export async function transfer(
  bench: Workbench,
  intervention: Intervention,
  { source, targets, mixture, dropSeen, nullDraws = 0 }: TransferTask,
): Promise<TransferResult> {
  const train = await (mixture ? bench.mixture({ source, ...mixture }) : bench.distribution(source, "train"))
  await lookUp(bench, [source, ...targets])
  const fitted = await intervention.fit(bench, train)
  const shuffled = nullDraws > 0 ? await intervention.fitShuffled?.(bench, train, nullDraws) : undefined
  return await transferFitted(bench, fitted, {
    ...intervention,
    source,
    targets,
    mixture,
    dropSeen,
    train,
    shuffled,
  })
}

/** What to fit on and what to test on, by the ids of distributions. */
export interface TransferTask {
  readonly source: string
  readonly targets: readonly string[]
  readonly mixture?: Pick<MixtureParts, "target" | "share"> | undefined
  /** Leave out test examples whose prompt was trained on; defaults to false. */
  readonly dropSeen?: boolean | undefined
  /** Fits on shuffled labels that make the null band; none by default. */
  readonly nullDraws?: number | undefined
}

/** What was fitted besides, and on what. */
interface Fitted {
  readonly train?: Distribution
  readonly shuffled?: ShuffledIntervention | undefined
}

/** Tests something already fitted. `train` is what it was fitted on; without it, the source's training split. */
export async function transferFitted(
  bench: Workbench,
  fitted: FittedIntervention,
  {
    name,
    options,
    source,
    targets,
    mixture,
    dropSeen = false,
    train,
    shuffled,
  }: Pick<Intervention, "name" | "options"> & Fitted & Omit<TransferTask, "nullDraws">,
): Promise<TransferResult> {
  await lookUp(bench, [source, ...targets])
  const trained = train ?? (await trainingSplit(bench, source, dropSeen))
  const ids = [...new Set([source, ...targets])]
  const tests = new Map<string, { seen: SeenPrompts; evaluation: Evaluation }>()
  for (const id of ids) {
    const test = await bench.distribution(id, "test")
    const seen = trained ? seenInTraining(trained, test) : new Set<number>()
    tests.set(id, {
      seen: {
        distribution: id,
        seen: trained ? seen.size : null,
        examples: test.examples.length,
        dropped: dropSeen && seen.size > 0,
      },
      evaluation: await evaluateWithBand(
        bench,
        { fitted, shuffled },
        dropSeen ? withoutSeen(test, seen) : test,
      ),
    })
  }
  return {
    intervention: name,
    options,
    fitted: fitted.summary,
    ...(fitted.training ? { training: fitted.training } : {}),
    source,
    ...(mixture ? { mixture } : {}),
    sourceEvaluation: tests.get(source)!.evaluation,
    targets: targets.map((id) => tests.get(id)!.evaluation),
    seen: targets.map((id) => tests.get(id)!.seen),
  }
}

async function evaluateWithBand(
  bench: Workbench,
  { fitted, shuffled }: { fitted: FittedIntervention; shuffled: ShuffledIntervention | undefined },
  test: Distribution,
): Promise<Evaluation> {
  const evaluation = await evaluate(bench, fitted, test)
  if (!shuffled) return evaluation
  return { ...evaluation, nullBand: nullBandOf(await nullAccuracies(bench, shuffled, test)) }
}

/** What a saved probe was fitted on, as far as the data folder has it. */
async function trainingSplit(
  bench: Workbench,
  source: string,
  required: boolean,
): Promise<Distribution | undefined> {
  try {
    return await bench.distribution(source, "train")
  } catch (error) {
    if (required || !(error instanceof LitmusError)) throw error
    return undefined
  }
}

/** Everything is looked up before anything is computed: a misspelt target costs no work. */
async function lookUp(bench: Workbench, ids: readonly string[]): Promise<void> {
  for (const id of ids) await bench.distribution(id, "test")
}

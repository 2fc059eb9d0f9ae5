// Tuned models as interventions: LoRA, prompt tuning and full fine-tuning are trained on the source and score by their
// rewards; the reward head that a model already has scores as it is.

import { join } from "node:path"
import { calibratedLogits, fitAntisymmetric, type Calibrator } from "../../../probes/contract/calibrator.ts"
import type { Departure } from "../../../probes/contract/departures.ts"
import type { Distribution, Pair } from "../../data/index.ts"
import { resolveOptions } from "../../base/options.ts"
import { rewardOptions, type RewardOptions } from "../../tuning/reward-reading.ts"
import type { Model } from "../../model/model.ts"
import { tuningOptions, type TuningKind } from "../../tuning/options.ts"
import { describeRewards, rewardReadingKey, rewardsOf } from "../../tuning/reward-model.ts"
import { trainingRun } from "../../tuning/train.ts"
import { searchKey } from "../../tuning/rate-search.ts"
import { recordOf, type TuneSummary } from "../../tuning/training-record.ts"
import { trainConfig, tune } from "../../tuning/tune.ts"
import type { FittedIntervention, InterventionKind, Scores } from "./contract.ts"
import type { Workbench } from "../workbench/workbench.ts"

const descriptions: Readonly<Record<TuningKind, string>> = {
  lora: "low-rank adapters and a score head, trained on the source's pairs",
  "prompt-tuning": "learned embeddings before every sequence and a score head, trained on the source's pairs",
  full: "all weights and a score head, trained on the source's pairs",
}

const ofGeniesTraining: readonly Departure[] = [
  {
    from: "GENIES",
    there: "prompt and response are tokenised apart, without a start token",
    here: "together, after the tokenizer's start token",
  },
  {
    from: "GENIES",
    there: "two score outputs, the loss elementwise, their mean the reward (`labels` 2)",
    here: "one output",
  },
  {
    from: "GENIES",
    there: "100 or 150 steps of 16 or 32 pairs, by the model's size",
    here: "100 steps of 16 pairs",
  },
  {
    from: "GENIES",
    there: "one learning rate for all sources, swept on alpaca_mmlu",
    here: "the best of several on held-out prompts of each source (`learningRate` auto)",
  },
  {
    from: "GENIES",
    there: "trained on all of the source, the last step kept",
    here: "a sixth of its prompts held out (`validation`), the best checkpoint kept",
  },
]

const inFourBits: Departure = {
  from: "GENIES",
  there: "the base model in 4 bits (NF4)",
  here: "as loaded, in 4 or 8 bits with --quantize",
}

const departures: Readonly<Record<TuningKind, readonly Departure[]>> = {
  lora: [
    ...ofGeniesTraining,
    inFourBits,
    { from: "GENIES", there: "rank 64", here: "64, but at most the narrowest target's width" },
  ],
  "prompt-tuning": [...ofGeniesTraining, inFourBits],
  full: ofGeniesTraining,
}

function tunedIntervention(kind: TuningKind): InterventionKind {
  return {
    name: kind,
    description: descriptions[kind],
    departures: departures[kind],
    options: tuningOptions[kind],
    make: (options) => ({
      name: kind,
      description: descriptions[kind],
      options,
      tunes: kind,
      // 1: probabilities have a slope of the source's; adapters start otherwise for every source.
      // 2: whether it learned is decided by pairs that no choice has seen.
      revision: 2,
      ...(options.learningRate === "auto" ? { dependsOn: async () => searchKey(kind) } : {}),
      async fit(bench, source) {
        const folder = tunedFolder(bench, kind, source, options)
        const task = bench.progress?.task(`${kind} on ${source.id}`, "steps")
        try {
          const { model, summary } = await tune(bench.model, source, kind, options, {
            ...bench,
            folder,
            task,
          })
          const calibrator = calibratorOf(summary)
          const scores = fittedReward(model, describeTraining(summary, calibrator), { calibrator })
          const trainedOn = { pairs: summary.pairs, fingerprint: summary.pairSet }
          return { ...scores, trainedOn, training: recordOf(summary) }
        } finally {
          task?.end()
        }
      },
    }),
  }
}

/** Fewer held-out pairs than this say too little of a slope. */
const fewestCalibrating = 10

/**
 * The slope of the probability, from held-out pairs that no choice has seen; none where too few were held out: then the
 * probability is the training loss's own, σ(difference of rewards).
 */
function calibratorOf({ heldOutMargins }: TuneSummary): Calibrator | undefined {
  return heldOutMargins.length >= fewestCalibrating ? fitAntisymmetric(heldOutMargins) : undefined
}

/** One line on a training. */
function describeTraining(summary: TuneSummary, calibrator: Calibrator | undefined): string {
  const { step, steps, pairs, trainingAccuracy, learningRate, tried } = summary
  const rates = new Set(tried?.map((entry) => entry.learningRate)).size
  return [
    `step ${step} of ${steps} on ${pairs} pairs, learning rate ${learningRate}${rates > 0 ? `, the best of ${rates}` : ""}`,
    `training accuracy ${percent(trainingAccuracy)}`,
    ...describeReport(summary),
    calibrator?.kind === "antisymmetric"
      ? `p = σ(k · difference of rewards), k = ${calibrator.slope.toPrecision(3)} from these`
      : "p = σ(difference of rewards), not calibrated",
  ].join("; ")
}

/** What the pairs say that no choice has seen. */
function describeReport({ heldOutAccuracy, heldOutLoss, reportPairs, lossFell }: TuneSummary): string[] {
  if (heldOutAccuracy === null) return ["no pairs were held out, so whether it learned is not known"]
  const loss = heldOutLoss === null ? "" : `, loss ${heldOutLoss.toFixed(3)}`
  return [
    `${percent(heldOutAccuracy)} of ${reportPairs} pairs held out from every choice${loss}`,
    ...(lossFell === false ? ["it did not learn: that loss is not below ln 2, a coin's"] : []),
  ]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** Where the cache keeps what tuning on a source gives. */
export function tunedFolder(
  { model, cache, seed }: Pick<Workbench, "model" | "cache" | "seed">,
  kind: TuningKind,
  source: Distribution,
  options: Readonly<Record<string, unknown>>,
): string {
  const run = trainingRun(model, source, trainConfig(model, kind, options, seed))
  return join(cache, "tuned", `${kind}.${source.id}.${run}`)
}

const rewardHead: InterventionKind = {
  name: "reward",
  description: "the reward head that the model (or its --adapter) has",
  departures: [],
  traits: { measuresCapability: false, needsScoreHead: true },
  options: rewardOptions,
  make: (options) => ({
    name: "reward",
    description: rewardHead.description,
    options,
    seedless: true,
    dependsOn: async ({ model }) =>
      await rewardReadingKey(model, resolveOptions("reward", rewardOptions, options)),
    async fit(bench, source) {
      const values = resolveOptions("reward", rewardOptions, options)
      const fitted = fittedReward(bench.model, "the model's own score head", { options: values })
      return {
        ...fitted,
        summary: `${fitted.summary}: ${await describeRewards(bench.model, source, values)}`,
      }
    },
  }),
}

export const tunedInterventions: readonly InterventionKind[] = [
  tunedIntervention("lora"),
  tunedIntervention("prompt-tuning"),
  tunedIntervention("full"),
  rewardHead,
]

/** A reward model: a pair's logit is the difference of its rewards, as the loss has it. */
export function fittedReward(model: Model, summary: string, how: RewardScoring = {}): FittedIntervention {
  return {
    summary,
    score: async (bench, target, pairs) => await scoreByReward(model, bench, target, pairs, how),
  }
}

interface RewardScoring {
  readonly options?: RewardOptions
  /** Of the probability, from a difference of rewards. */
  readonly calibrator?: Calibrator | undefined
}

async function scoreByReward(
  model: Model,
  bench: Workbench,
  target: Distribution,
  asked: readonly Pair[],
  { options, calibrator }: RewardScoring,
): Promise<Scores> {
  const task = bench.progress?.task(`rewards ${target.id} ${target.split}`, "tokens")
  const { sequences, rewards, ...tokens } = await rewardsOf(model, target, {
    threads: bench.threads,
    ...(options ? { options } : {}),
    ...(task ? { onProgress: (done, total) => task.update(done, total) } : {}),
  }).finally(() => task?.end())
  bench.countTokens(tokens)
  const rewardOf = new Map(
    sequences.map(({ example, response }, k) => [`${example} ${response}`, rewards[k]!]),
  )
  const margin = ({ example, better, worse }: Pair): number =>
    (rewardOf.get(`${example} ${better}`) ?? Number.NaN) - (rewardOf.get(`${example} ${worse}`) ?? Number.NaN)
  const pairs = asked.filter((pair) => !Number.isNaN(margin(pair)))
  const margins = Float64Array.from(pairs, margin)
  const logits = calibrator ? calibratedLogits(calibrator, margins) : margins
  return {
    pairs,
    logits,
    probabilities: logits.map((logit) => 1 / (1 + Math.exp(-logit))),
    responses: {
      scores: rewards,
      labels: Int8Array.from(sequences, ({ label }) => label),
      examples: sequences.map(({ example }) => example),
    },
  }
}

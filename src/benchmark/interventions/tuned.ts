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
import { trainConfig, tune, type TuneSummary } from "../../tuning/tune.ts"
import type { FittedIntervention, InterventionKind, Scores } from "./contract.ts"
import type { Workbench } from "../workbench.ts"

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
      // Probabilities have a slope of the source's since the first; adapters start otherwise for every source.
      revision: 1,
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
          return {
            ...fittedReward(model, describeTraining(summary, calibrator), { calibrator }),
            ...(summary.lossFell === null ? {} : { lossFell: summary.lossFell }),
          }
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
 * The slope of the probability, from held-out pairs that no choice has seen; none where nothing was held out: then the
 * probability is the training loss's own, σ(difference of rewards).
 */
function calibratorOf({ heldOutMargins }: TuneSummary): Calibrator | undefined {
  return heldOutMargins.length >= fewestCalibrating ? fitAntisymmetric(heldOutMargins) : undefined
}

function describeTraining(
  {
    step,
    steps,
    pairs,
    trainingAccuracy,
    heldOutAccuracy,
    heldOutMargins,
    learningRate,
    tried,
    lossFell,
  }: TuneSummary,
  calibrator: Calibrator | undefined,
): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
  const rates = new Set(tried?.map((entry) => entry.learningRate)).size
  const parts = [
    `step ${step} of ${steps} on ${pairs} pairs, learning rate ${learningRate}${rates > 0 ? `, the best of ${rates}` : ""}`,
    `training accuracy ${percent(trainingAccuracy)}`,
    ...(heldOutAccuracy === null
      ? []
      : [`${percent(heldOutAccuracy)} of ${heldOutMargins.length} pairs held out from every choice`]),
    ...(calibrator?.kind === "antisymmetric"
      ? [`p = σ(k · difference of rewards), k = ${calibrator.slope.toPrecision(3)} from these`]
      : []),
    ...(lossFell === false ? ["it did not learn: its held-out loss was never below ln 2, a coin's"] : []),
  ]
  return parts.join("; ")
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
  options: rewardOptions,
  make: (options) => ({
    name: "reward",
    description: rewardHead.description,
    options,
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

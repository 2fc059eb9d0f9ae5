// Tuned models as interventions: LoRA, prompt tuning and full fine-tuning are trained on the source and score by their
// rewards; the reward head that a model already has scores as it is.

import { join } from "node:path"
import type { Distribution, Pair } from "../../data/index.ts"
import { resolveOptions } from "../../options.ts"
import { rewardOptions, type RewardOptions } from "../../tuning/reward-reading.ts"
import type { Model } from "../../model/model.ts"
import { tuningOptions, type TuningKind } from "../../tuning/options.ts"
import { describeRewards, rewardReadingKey, rewardsOf } from "../../tuning/reward-model.ts"
import { trainingRun } from "../../tuning/train.ts"
import { trainConfig, tune } from "../../tuning/tune.ts"
import type { FittedIntervention, InterventionKind, Scores } from "./contract.ts"
import type { Workbench } from "../workbench.ts"

const descriptions: Readonly<Record<TuningKind, string>> = {
  lora: "low-rank adapters and a score head, trained on the source's pairs",
  "prompt-tuning": "learned embeddings before every sequence and a score head, trained on the source's pairs",
  full: "all weights and a score head, trained on the source's pairs",
}

function tunedIntervention(kind: TuningKind): InterventionKind {
  return {
    name: kind,
    description: descriptions[kind],
    options: tuningOptions[kind],
    make: (options) => ({
      name: kind,
      description: descriptions[kind],
      options,
      tunes: kind,
      async fit(bench, source) {
        const folder = tunedFolder(bench, kind, source, options)
        const task = bench.progress?.task(`${kind} on ${source.id}`, "steps")
        try {
          const { model, summary } = await tune(bench.model, source, kind, options, {
            ...bench,
            folder,
            task,
          })
          const held =
            summary.heldOutAccuracy === null
              ? ""
              : `, held out ${(summary.heldOutAccuracy * 100).toFixed(1)} %`
          return fittedReward(
            model,
            `step ${summary.step} of ${summary.steps} on ${summary.pairs} pairs: training accuracy ${(summary.trainingAccuracy * 100).toFixed(1)} %${held}`,
          )
        } finally {
          task?.end()
        }
      },
    }),
  }
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
  options: rewardOptions,
  make: (options) => ({
    name: "reward",
    description: rewardHead.description,
    options,
    dependsOn: async ({ model }) =>
      await rewardReadingKey(model, resolveOptions("reward", rewardOptions, options)),
    async fit(bench, source) {
      const values = resolveOptions("reward", rewardOptions, options)
      const fitted = fittedReward(bench.model, "the model's own score head", values)
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
export function fittedReward(model: Model, summary: string, options?: RewardOptions): FittedIntervention {
  return {
    summary,
    score: async (bench, target, pairs) => await scoreByReward(model, bench, target, pairs, options),
  }
}

async function scoreByReward(
  model: Model,
  bench: Workbench,
  target: Distribution,
  asked: readonly Pair[],
  options?: RewardOptions,
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
  const logits = Float64Array.from(pairs, margin)
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

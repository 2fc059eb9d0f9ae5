// CCS as it was published and as GENIES evaluates it, which looks at the test set: its mean normalises it, and its labels
// choose between the two answers. Kept to reproduce published rows; its figures say nothing about transfer.

import type { ActivationSet } from "../activations/activation-set.ts"
import { LitmusError } from "../src/base/errors.ts"
import { onePairPerExample } from "../src/data/pairs.ts"
import type { OptionValues } from "../src/base/options.ts"
import { readCalibrator } from "./contract/calibrator.ts"
import { ccsTrainingOptions } from "./ccs.ts"
import {
  contrastNeeds,
  contrastOn,
  contrastPairs,
  hasBothEndings,
  readContrasts,
} from "./fit/contrast-probe.ts"
import { trainCcs } from "./math/ccs-training.ts"
import { checkFinite, fitNormalisation, normalise, type Contrasts } from "./math/contrasts.ts"
import { networkLogits } from "./math/network-logits.ts"
import type { FittedProbe, Probe, ProbeRecord, SingleOutcomes } from "./contract/probe.ts"
import {
  readTensor,
  readUnit,
  responseProbe,
  responsesOf,
  singleUnit,
  type ResponseKey,
} from "./fit/response-probe.ts"
import { type Unit } from "./fit/selection.ts"
import { unitName } from "../src/base/sites.ts"
import { tensorBackend } from "./math/tensor-backend.ts"
import { ofGeniesCcs } from "./contract/departures.ts"

const options = { on: contrastOn, ...ccsTrainingOptions } as const

type Training = Omit<OptionValues<typeof options>, "on"> & { readonly seed: number }

export const ccsLeaky: Probe<typeof options, "ccs-leaky"> = {
  name: "ccs-leaky",
  description: "CCS as published: normalised and flipped with the test set, no evidence of transfer (GENIES)",
  // 1: the target's means, sign and accuracy are of the responses of one pair a prompt, as GENIES has them.
  revision: 1,
  departures: [
    { from: "GENIES", there: "training has no seed", here: "the seed and the target's name" },
    ...ofGeniesCcs,
  ],
  hasNullBand: false,
  traits: { leaky: true, measuresCapability: false },
  options,
  needs: contrastNeeds,
  fit: fitCcsLeaky,
  restore,
}

/**
 * CCS with the leaks of its published evaluation.
 *
 * - the target is normalised by its own means,
 * - accuracy is of single responses, the two of one seeded pair a prompt, and of the better of both signs on them:
 *   max(acc, 1 − acc); the release draws as many of these responses with replacement,
 * - it is trained again on the source for every target. There that is unseeded; here the target's id is in the seed.
 *
 * Pairs are scored, too, for metrics of pairs; the release has none. Probabilities are σ of the logits, uncalibrated.
 *
 * @param source - activations of `ccs-yes-no` at the last token, with the site that `on` names
 * @returns fitted probe, which keeps the source's contrasts
 * Source: GENIES, interventions/ccs/eval.py, after collin-burns/discovering_latent_knowledge, utils.py
 */
export async function fitCcsLeaky(
  source: ActivationSet,
  { on, ...training }: OptionValues<typeof options> & { readonly seed: number },
): Promise<FittedProbe> {
  const unit = singleUnit(source, "ccs-leaky", on)
  const { pairs } = contrastPairs(source, training.seed)
  const contrasts = await readContrasts(source, unit, responsesOf(pairs))
  checkFinite("ccs-leaky", contrasts.positive, unit.width)
  checkFinite("ccs-leaky", contrasts.negative, unit.width)
  return leakyProbe({ unit, training, contrasts })
}

interface Kept {
  readonly unit: Unit
  readonly training: Training
  readonly contrasts: Contrasts
}

function leakyProbe({ unit, training, contrasts }: Kept): FittedProbe {
  const { positive, negative, count, width } = contrasts
  const shape = [count, width]
  // Scores of every response of a target: its pairs and its responses are asked for one after the other.
  const known = new WeakMap<ActivationSet, Promise<LeakyScores>>()
  const scoresOf = (target: ActivationSet): Promise<LeakyScores> => {
    let scores = known.get(target)
    if (!scores) known.set(target, (scores = scoreTarget(target, { unit, training, contrasts })))
    return scores
  }
  const probe = responseProbe({
    probe: "ccs-leaky",
    sites: [unit.site],
    directions: [],
    calibrator: { kind: "antisymmetric", slope: 1 },
    summary: `${unitName(unit)}; trained again for each target, whose means and labels it uses: no evidence of transfer`,
    async score(target, responses) {
      const { scores } = await scoresOf(target)
      return Float64Array.from(responses, ({ example, response }) => {
        const score = scores.get(`${example} ${response}`)
        if (score !== undefined) return score
        const { id, split } = target.distribution
        throw new LitmusError(
          `ccs-leaky: ${id} ${split}, example ${example}: response ${response} has no activations`,
        )
      })
    },
    isComplete: hasBothEndings,
    fields: { unit, training },
    tensors: new Map([
      ["source.positive", { shape, data: positive }],
      ["source.negative", { shape, data: negative }],
    ]),
  })
  return {
    ...probe,
    scorePairs: async (target, pairs) => {
      const { singly } = await scoresOf(target)
      return { ...(await probe.scorePairs(target, pairs)), singly }
    },
  }
}

interface LeakyScores {
  /** Of every response with both endings, by example and response. */
  readonly scores: ReadonlyMap<string, number>
  readonly singly: SingleOutcomes
}

async function scoreTarget(target: ActivationSet, { unit, training, contrasts }: Kept): Promise<LeakyScores> {
  const { id, split, examples } = target.distribution
  const { tf } = await tensorBackend()
  const trained = await trainCcs(tf, normalise(contrasts, fitNormalisation(contrasts)), {
    ...training,
    labels: [id, split],
  })
  // The release evaluates the two responses of one pair a prompt, so that half of them are better ones.
  const pairs = onePairPerExample(examples, { seed: training.seed, distribution: id }).filter((pair) =>
    responsesOf([pair]).every((response) => hasBothEndings(target, response)),
  )
  const judged = responsesOf(pairs)
  const { meanPositive, meanNegative } = fitNormalisation(await readContrasts(target, unit, judged))
  const rawOf = async (responses: readonly ResponseKey[]): Promise<Float64Array> => {
    const { positive, negative } = await readContrasts(target, unit, responses)
    const yes = networkLogits(trained.parameters, positive, { mean: meanPositive, scale: 1 })
    const no = networkLogits(trained.parameters, negative, { mean: meanNegative, scale: 1 })
    return yes.map((logit, i) => 0.5 * (logit - no[i]!))
  }
  // ½ (p⁺ + 1 − p⁻) is above ½ exactly where the logit of p⁺ is above that of p⁻. Better responses come first.
  const right = (await rawOf(judged)).map((score, i) => (score > 0 === (i % 2 === 0) ? 1 : 0))
  const isFlipped = right.reduce((sum, one) => sum + one, 0) < judged.length / 2
  const all = completeResponses(target)
  const raw = await rawOf(all)
  return {
    scores: new Map(
      all.map(({ example, response }, i) => [`${example} ${response}`, isFlipped ? -raw[i]! : raw[i]!]),
    ),
    singly: {
      outcomes: isFlipped ? right.map((one) => 1 - one) : right,
      examples: Int32Array.from(judged, ({ example }) => example),
    },
  }
}

/** Every response neither of whose endings was too long, once. */
function completeResponses(target: ActivationSet): ResponseKey[] {
  const responses = new Map<string, ResponseKey>()
  target.rows.example.forEach((example, row) => {
    const response = target.rows.response[row]!
    if (hasBothEndings(target, { example, response }))
      responses.set(`${example} ${response}`, { example, response })
  })
  return [...responses.values()]
}

function restore(record: ProbeRecord): FittedProbe {
  const { unit: place, training, calibrator } = record.fields
  readCalibrator(calibrator)
  const unit = readUnit(record.probe, place)
  const positive = Float32Array.from(readTensor(record, "source.positive"))
  const negative = Float32Array.from(readTensor(record, "source.negative"))
  if (!(positive.length > 0) || positive.length !== negative.length || positive.length % unit.width !== 0) {
    throw new LitmusError(`${record.probe}: expected contrasts of ${unit.width} columns`)
  }
  return leakyProbe({
    unit,
    training: training as Training,
    contrasts: { positive, negative, count: positive.length / unit.width, width: unit.width },
  })
}

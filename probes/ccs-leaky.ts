// CCS as it was published and as GENIES evaluates it, which looks at the test set: its mean normalises it, and its labels
// choose between the two answers. Kept to reproduce published rows; its figures say nothing about transfer.

import type { ActivationSet } from "../activations/activation-set.ts"
import { LitmusError } from "../src/base/errors.ts"
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
import type { FittedProbe, Probe, ProbeRecord } from "./contract/probe.ts"
import { readTensor, readUnit, responseProbe, responsesOf, singleUnit } from "./fit/response-probe.ts"
import { unitName, type Unit } from "./fit/selection.ts"
import { tensorBackend } from "./math/tensor-backend.ts"
import { ofGeniesCcs } from "./contract/departures.ts"

const options = { on: contrastOn, ...ccsTrainingOptions } as const

type Training = Omit<OptionValues<typeof options>, "on"> & { readonly seed: number }

export const ccsLeaky: Probe<typeof options> = {
  name: "ccs-leaky",
  description: "CCS as published: normalised and flipped with the test set, no evidence of transfer (GENIES)",
  departures: [
    { from: "GENIES", there: "training has no seed", here: "the seed and the target's name" },
    ...ofGeniesCcs,
  ],
  options,
  needs: contrastNeeds,
  fit: fitCcsLeaky,
  restore,
}

/**
 * CCS with the leaks of its published evaluation.
 *
 * - the target is normalised by its own means,
 * - the answer is flipped where fewer than half of the target's responses come out right: max(acc, 1 − acc),
 * - it is trained again on the source for every target. There that is unseeded; here the target's id is in the seed.
 *
 * Probabilities are σ of the logits, uncalibrated: what the published code thresholds.
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
  const known = new WeakMap<ActivationSet, Promise<Map<string, number>>>()
  return responseProbe({
    probe: "ccs-leaky",
    sites: [unit.site],
    directions: [],
    calibrator: { kind: "antisymmetric", slope: 1 },
    summary: `${unitName(unit)}; trained again for each target, whose means and labels it uses: no evidence of transfer`,
    async score(target, responses) {
      let scores = known.get(target)
      if (!scores) known.set(target, (scores = scoreTarget(target, { unit, training, contrasts })))
      const found = await scores
      return Float64Array.from(responses, ({ example, response }) => {
        const score = found.get(`${example} ${response}`)
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
}

async function scoreTarget(
  target: ActivationSet,
  { unit, training, contrasts }: Kept,
): Promise<Map<string, number>> {
  const { id, split } = target.distribution
  const { tf } = await tensorBackend()
  const trained = await trainCcs(tf, normalise(contrasts, fitNormalisation(contrasts)), {
    ...training,
    labels: [id, split],
  })
  const labels = new Map<string, { example: number; response: number; label: number }>()
  target.rows.example.forEach((example, row) => {
    const response = target.rows.response[row]!
    if (!hasBothEndings(target, { example, response })) return
    labels.set(`${example} ${response}`, { example, response, label: target.rows.label[row]! })
  })
  const asked = [...labels.values()]
  const own = await readContrasts(target, unit, asked)
  const { meanPositive, meanNegative } = fitNormalisation(own)
  const yes = networkLogits(trained.parameters, own.positive, { mean: meanPositive, scale: 1 })
  const no = networkLogits(trained.parameters, own.negative, { mean: meanNegative, scale: 1 })
  const raw = yes.map((logit, i) => 0.5 * (logit - no[i]!))
  // ½ (p⁺ + 1 − p⁻) is above ½ exactly where the logit of p⁺ is above that of p⁻.
  const right = raw.reduce((sum, score, i) => sum + (score > 0 === (asked[i]!.label === 1) ? 1 : 0), 0)
  const sign = right < asked.length / 2 ? -1 : 1
  return new Map(asked.map(({ example, response }, i) => [`${example} ${response}`, sign * raw[i]!]))
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

// A probe with one hidden layer, trained on labelled responses: what a linear direction misses, and a control of how much
// of a probe's accuracy is the probe's own doing.

import type { Tensor2D } from "@tensorflow/tfjs-core"
import type { ActivationSet } from "../activations/activation-set.ts"
import type { Pair } from "../src/data/pairs.ts"
import type { OptionValues } from "../src/base/options.ts"
import { random } from "../src/base/random.ts"
import { readCalibrator } from "./contract/calibrator.ts"
import { trainByAdamW } from "./math/adamw.ts"
import { checkFinite, columnMeans, meanDeviation } from "./math/contrasts.ts"
import { networkLogits } from "./math/network-logits.ts"
import {
  evaluator,
  lossFunction,
  mlpNetwork,
  startingParameters,
  type LossOfLogits,
} from "./math/networks.ts"
import type { FittedProbe, Probe, ProbeRecord } from "./contract/probe.ts"
import {
  fitAndCalibrate,
  oneSiteOption,
  readTensor,
  readUnit,
  responseProbe,
  responsesOf,
  singleUnit,
  unitRows,
  type ScoreResponses,
} from "./fit/response-probe.ts"
import { sitesOf, type Unit } from "./fit/selection.ts"
import { unitName } from "../src/base/sites.ts"
import { sourcePairs } from "./fit/source-pairs.ts"
import { tensorBackend } from "./math/tensor-backend.ts"

export const mlpOptions = {
  on: oneSiteOption,
  epochs: { kind: "count", default: 200, description: "full-batch steps of AdamW" },
  learningRate: { kind: "number", min: 0, default: 1e-3, description: "of AdamW" },
  weightDecay: { kind: "number", min: 0, default: 0.01, description: "of AdamW" },
} as const

export type MlpOptions = OptionValues<typeof mlpOptions>

export const mlp: Probe<typeof mlpOptions, "mlp"> = {
  name: "mlp",
  description: "one hidden layer of 100 on single responses, trained by AdamW",
  departures: [
    {
      from: "Burns et al. 2022",
      there: "the network is trained by the CCS loss, without labels",
      here: "by the log loss of labelled responses",
    },
  ],
  options: mlpOptions,
  needs: ({ on }) => ({ stimulus: "plain", positions: { kind: "last" }, sites: sitesOf(on) }),
  fit: fitMlp,
  restore,
}

interface MlpModel {
  readonly parameters: readonly Float32Array[]
  readonly mean: Float32Array
  readonly scale: number
  readonly loss: number
  readonly backend: string
}

/**
 * P(better | x) = σ(relu(x̃·W₁ + b₁)·w₂ + b₂), by the mean log loss over single responses.
 *
 * x̃ is x minus its mean over its standard deviation, averaged over features, both of the fit set.
 *
 * @param source - activations at the last token, with the site that `on` names
 * @param options.seed - of the pairs, their split and the start
 * @returns fitted probe; a response's score is its logit. It has no direction
 * @throws {LitmusError} if fewer than two prompts can be scored, or an activation is not finite
 * Source: the network of Burns et al. 2022 (discovering_latent_knowledge, MLPProbe), trained with labels
 */
export async function fitMlp(
  source: ActivationSet,
  { on, ...options }: MlpOptions & { readonly seed: number },
): Promise<FittedProbe> {
  const unit = singleUnit(source, "mlp", on)
  const { model, calibrator, heldOutAccuracy } = await fitAndCalibrate(
    source,
    sourcePairs(source, options.seed),
    (pairs) => train(source, unit, pairs, options),
    (fitted) => mlpScore(unit, fitted),
  )
  const { loss, backend } = model
  return mlpProbe(unit, model, {
    calibrator,
    summary: `${unitName(unit)}; loss ${loss.toFixed(4)}; accuracy on held-out prompts of the source ${heldOutAccuracy.toFixed(3)}`,
    report: { loss, backend },
  })
}

async function train(
  source: ActivationSet,
  unit: Unit,
  pairs: readonly Pair[],
  { seed, ...training }: Omit<MlpOptions, "on"> & { readonly seed: number },
): Promise<MlpModel> {
  const x = await unitRows(source, unit, rowsOf(source, responsesOf(pairs)))
  checkFinite("mlp", x, unit.width)
  const mean = columnMeans(x, unit.width)
  const scale = meanDeviation(x, mean) || 1
  const { tf, name } = await tensorBackend()
  const samples = tf.tensor2d(
    x.map((value, i) => (value - mean[i % unit.width]!) / scale),
    [2 * pairs.length, unit.width],
  )
  try {
    // Responses stand in pairs, the better one first.
    const loss = logLoss(Float32Array.from({ length: 2 * pairs.length }, (_, i) => 1 - (i % 2)))
    const evaluate = evaluator(
      tf,
      lossFunction(tf, mlpNetwork, samples, loss),
      mlpNetwork.shapes(unit.width, 1),
    )
    const start = startingParameters(mlpNetwork, unit.width, [random(seed, "mlp")])
    const { parameters, losses } = await trainByAdamW(evaluate, start, training)
    return { parameters, mean, scale, loss: losses[0]!, backend: name }
  } finally {
    samples.dispose()
  }
}

/** Mean over samples of log(1 + exp(−s z)), s = ±1, of logits `[nSamples, nModels]`. */
export function logLoss(labels: Float32Array): LossOfLogits {
  return (tf, logits) => {
    const y = tf.tensor2d(labels, [labels.length, 1])
    // max(z, 0) − y z + log(1 + exp(−|z|)): no overflow at either end.
    const softplus = tf.add(tf.relu(logits), tf.log(tf.add(tf.exp(tf.neg(tf.abs(logits))), 1)))
    return {
      losses: tf.mean(tf.sub(softplus, tf.mul(y, logits)), 0),
      gradient: tf.div<Tensor2D>(tf.sub(tf.sigmoid(logits), y), labels.length),
    }
  }
}

function mlpScore(unit: Unit, { parameters, mean, scale }: MlpModel): ScoreResponses {
  return async (target, responses) =>
    networkLogits(parameters, await unitRows(target, unit, rowsOf(target, responses)), { mean, scale })
}

function rowsOf(
  target: ActivationSet,
  responses: readonly { readonly example: number; readonly response: number }[],
): number[] {
  return responses.map(({ example, response }) => target.rowsOf(example, response)[0]!)
}

function mlpProbe(
  unit: Unit,
  model: MlpModel,
  rest: Pick<FittedProbe, "calibrator" | "summary"> & { readonly report: unknown },
): FittedProbe {
  const { calibrator, summary, report } = rest
  const tensors = [...model.parameters, model.mean].map(
    (data, k) => [k < 4 ? `parameter.${k}` : "mean", { shape: [data.length], data }] as const,
  )
  return responseProbe({
    probe: "mlp",
    sites: [unit.site],
    directions: [],
    calibrator,
    summary,
    score: mlpScore(unit, model),
    fields: { unit, scale: model.scale, report },
    tensors: new Map(tensors),
  })
}

function restore(record: ProbeRecord): FittedProbe {
  const { unit, scale, report, calibrator, summary } = record.fields
  const model: MlpModel = {
    parameters: [0, 1, 2, 3].map((k) => readTensor(record, `parameter.${k}`)),
    mean: readTensor(record, "mean"),
    scale: Number(scale),
    loss: Number.NaN,
    backend: "",
  }
  return mlpProbe(readUnit(record.probe, unit), model, {
    calibrator: readCalibrator(calibrator),
    summary: String(summary),
    report,
  })
}

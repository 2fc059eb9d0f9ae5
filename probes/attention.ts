// An attention probe reads all tokens of a response rather than one: a learned query says where to look, softmax
// pooling gathers what is there.
//
//   score(response) = Σₜ aₜ (xₜ·v) + b,   a = softmax over the response's tokens of xₜ·q

import type { ActivationSet } from "../activations/activation-set.ts"
import type { Pair } from "../src/data/pairs.ts"
import { LitmusError } from "../src/base/errors.ts"
import type { OptionValues } from "../src/base/options.ts"
import { random } from "../src/base/random.ts"
import { readCalibrator } from "./contract/calibrator.ts"
import { attentionObjectives, pooled, type Segments } from "./math/attention.ts"
import { checkFinite, columnMeans, meanDeviation } from "./math/contrasts.ts"
import { minimiseTogether } from "./math/lbfgs.ts"
import type { FittedProbe, FitOptions, Probe, ProbeRecord, ShuffledFits } from "./contract/probe.ts"
import {
  checkColumns,
  columnsOf,
  oneSiteOption,
  readTensor,
  readUnit,
  responseProbe,
  responsesOf,
  singleUnit,
  unitRows,
  type ResponseKey,
  type ScoreResponses,
} from "./fit/response-probe.ts"
import { responseTokens } from "./fit/response-tokens.ts"
import { sitesOf, type Unit } from "./fit/selection.ts"
import { unitName } from "../src/base/sites.ts"
import { betterFirst, swappedLabels } from "./fit/shuffled-fits.ts"
import { describeStarts, fitBestStart, startsOption } from "./fit/starts.ts"
import { sourcePairs } from "./fit/source-pairs.ts"
import { tensorBackend } from "./math/tensor-backend.ts"

export const attentionOptions = {
  on: oneSiteOption,
  penalty: {
    kind: "number",
    min: 0,
    default: 1,
    description: "½ penalty ‖weights‖² against the sum of log losses, in features of deviation 1",
  },
  iterations: { kind: "count", default: 1000, description: "steps of L-BFGS at most" },
  starts: startsOption,
} as const

export type AttentionOptions = OptionValues<typeof attentionOptions>

export const attention: Probe<typeof attentionOptions, "attention"> = {
  name: "attention",
  description: "learned query and softmax pooling over the response's tokens (EleutherAI/attention-probes)",
  departures: [
    {
      from: "attention-probes",
      there: "no penalty on the weights",
      here: "½ `penalty` ‖weights‖²: few responses are separable",
    },
    { from: "attention-probes", there: "a bias for each position", here: "none" },
    { from: "attention-probes", there: "the prompt's tokens are read, too", here: "the response's alone" },
    { from: "attention-probes", there: "one or more heads", here: "one" },
    {
      from: "attention-probes",
      there: "trained once",
      here: "from several starts, the best on held-out prompts of the source kept",
    },
  ],
  options: attentionOptions,
  // 1: a response's tokens begin after the prompt, not where the responses first differ. 2: the best of several starts.
  revision: 2,
  needs: ({ on }) => ({ stimulus: "plain", positions: { kind: "all" }, sites: sitesOf(on) }),
  fit: fitAttention,
  fitShuffled: fitShuffledAttention,
  restore,
}

interface AttentionModel {
  readonly query: Float32Array
  readonly value: Float32Array
  readonly offset: number
}

interface TrainedAttention extends AttentionModel {
  readonly loss: number
  readonly iterations: number
  readonly converged: boolean
  readonly backend: string
}

/**
 * Attention probe with one head, by the log loss over single responses.
 *
 * As the authors' it starts from a query of 0, which pools evenly, and is trained by L-BFGS; theirs has no penalty and a
 * position bias, and reads the prompt's tokens too. These are left out here: they cannot tell which response is better.
 * The loss has several minima, and which one a start comes to is chance: see starts.ts.
 *
 * @param source - activations at all tokens, with the site that `on` names
 * @param options.starts - of v; all are trained in one pass over the tokens
 * @param options.seed - of the pairs, their split and the starts
 * @returns fitted probe; a response's score is its logit, its direction v
 * @throws {LitmusError} if fewer than two prompts can be scored, or an activation is not finite
 * Source: EleutherAI/attention-probes, attention_probe.py and trainer.py
 */
export async function fitAttention(
  source: ActivationSet,
  { on, starts: nStarts, ...options }: AttentionOptions & FitOptions,
): Promise<FittedProbe> {
  const unit = singleUnit(source, "attention", on)
  const { model, calibrator, starts, best } = await fitBestStart(
    source,
    sourcePairs(source, options.seed),
    nStarts,
    (pairs, numbers) =>
      train(
        source,
        unit,
        pairs,
        numbers.map((start) => ({ start, labels: betterFirst(pairs) })),
        options,
      ),
    (fitted) => attentionScore(unit, fitted),
  )
  const { loss, iterations, converged, backend } = model
  return attentionProbe(unit, model, {
    calibrator,
    summary:
      `${unitName(unit)}, ${describeStarts({ starts, best })}; ` +
      `loss ${loss.toFixed(4)} after ${iterations} steps${converged ? "" : ", not converged"}`,
    report: { loss, iterations, converged, starts, best, backend },
  })
}

/**
 * Fits on shuffled labels, each from one start, in one pass over the tokens; no further than the signs of a few hundred
 * pairs need.
 */
async function fitShuffledAttention(
  source: ActivationSet,
  { on, ...options }: AttentionOptions & FitOptions,
  draws: number,
): Promise<ShuffledFits> {
  const unit = singleUnit(source, "attention", on)
  const { pairs } = sourcePairs(source, options.seed)
  const columns = swappedLabels(source, pairs, options.seed, draws)
  const iterations = Math.min(options.iterations, 200)
  const models = await train(source, unit, pairs, columns, { ...options, iterations, tolerance: 1e-3 })
  return {
    async scorePairs(target, asked) {
      const scores = await attentionScores(target, unit, responsesOf(asked), models)
      return scores.map((own) => Float64Array.from(asked, (_, k) => own[2 * k]! - own[2 * k + 1]!))
    },
  }
}

/** A model to train: the number of its start, and labels of the responses of pairs. */
interface Column {
  readonly start: number
  readonly labels: Float32Array
}

async function train(
  source: ActivationSet,
  unit: Unit,
  pairs: readonly Pair[],
  columns: readonly Column[],
  {
    penalty,
    iterations: maxIterations,
    seed,
    // The products are float32: gradients below this are rounding.
    tolerance = 1e-5,
  }: Omit<AttentionOptions, "on" | "starts"> & FitOptions & { readonly tolerance?: number },
): Promise<TrainedAttention[]> {
  const { x, ends } = await readSegments(source, unit, responsesOf(pairs))
  const { width } = unit
  checkFinite("attention", x, width)
  const mean = columnMeans(x, width)
  const scale = meanDeviation(x, mean) || 1
  const standard = x.map((value, i) => (value - mean[i % width]!) / scale)
  const { tf, name } = await tensorBackend()
  const labels = columns.map((column) => column.labels)
  const { evaluate, dispose } = attentionObjectives(tf, { x: standard, ends, width }, labels, penalty)
  try {
    const starts = columns.map((column) => {
      const start = new Float64Array(2 * width + 1)
      const { uniform } = random(seed, "attention", column.start)
      for (let j = width; j < 2 * width; j++) start[j] = (2 * uniform() - 1) / Math.sqrt(width)
      return start
    })
    const minima = minimiseTogether(evaluate, starts, { tolerance, maxIterations })
    return minima.map(({ solution, value, iterations, converged }) => {
      // Back to features as they are: the softmax does not see a constant, and the offset takes up the other.
      const weights = solution.map((weight) => weight / scale)
      let offset = solution[2 * width]!
      for (let j = 0; j < width; j++) offset -= weights[width + j]! * mean[j]!
      return {
        query: Float32Array.from(weights.subarray(0, width)),
        value: Float32Array.from(weights.subarray(width, 2 * width)),
        offset: Math.fround(offset),
        loss: value,
        iterations,
        converged,
        backend: name,
      }
    })
  } finally {
    dispose()
  }
}

async function readSegments(
  target: ActivationSet,
  unit: Unit,
  responses: readonly ResponseKey[],
): Promise<Segments> {
  const tokens = await responseTokens(target, responses)
  let end = 0
  const ends = Int32Array.from(tokens, (rows) => (end += rows.length))
  return { x: await unitRows(target, unit, tokens.flat()), ends, width: unit.width }
}

function attentionScore(unit: Unit, model: AttentionModel): ScoreResponses {
  return async (target, responses) => (await attentionScores(target, unit, responses, [model]))[0]!
}

/** Scores of responses by several models, `[nModels][nResponses]`. */
async function attentionScores(
  target: ActivationSet,
  { site, begin, width }: Unit,
  responses: readonly ResponseKey[],
  models: readonly AttentionModel[],
): Promise<Float64Array[]> {
  const tokens = await responseTokens(target, responses)
  // The matrix is read once; a response at a time is taken out of it.
  const { data, width: stride } = await target.matrix(site)
  checkColumns(site, begin + width, stride)
  const scores = models.map(() => new Float64Array(responses.length))
  tokens.forEach((rows, i) => {
    const x = columnsOf(data, { stride, begin, width }, rows)
    models.forEach((model, k) => (scores[k]![i] = pooled(x, model) + model.offset))
  })
  return scores
}

function attentionProbe(
  unit: Unit,
  model: AttentionModel,
  rest: Pick<FittedProbe, "calibrator" | "summary"> & { readonly report: unknown },
): FittedProbe {
  const { site, head, begin, width } = unit
  const { query, value, offset } = model
  const { calibrator, summary, report } = rest
  return responseProbe({
    probe: "attention",
    sites: [site],
    directions: [{ site, ...(head === undefined ? {} : { head }), begin, values: value }],
    calibrator,
    summary,
    score: attentionScore(unit, model),
    fields: { unit, offset, report },
    tensors: new Map([
      ["query", { shape: [width], data: query }],
      ["value", { shape: [width], data: value }],
    ]),
  })
}

function restore(record: ProbeRecord): FittedProbe {
  const { unit, offset, report, calibrator, summary } = record.fields
  if (!Number.isFinite(offset))
    throw new LitmusError(`${record.probe}: expected an offset, got ${String(offset)}`)
  const model: AttentionModel = {
    query: readTensor(record, "query"),
    value: readTensor(record, "value"),
    offset: Number(offset),
  }
  return attentionProbe(readUnit(record.probe, unit), model, {
    calibrator: readCalibrator(calibrator),
    summary: String(summary),
    report,
  })
}

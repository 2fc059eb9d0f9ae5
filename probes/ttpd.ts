// Training of truth and polarity direction (TTPD): what moves with the truth of a statement is separated from what moves
// with its polarity, affirmed or negated, since a direction of truth fitted without regard to it points halfway to
// "affirmed and true". Source: Bürger, Hamprecht and Nadler 2024, arXiv:2407.12831, section 5.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import { fitLinear, type DirectionFinder } from "./fit/fit-linear.ts"
import { projection, restoreLinearProbe } from "./contract/linear-probe.ts"
import { meanDifference } from "./mass-mean.ts"
import { fitLogistic } from "./math/logistic.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import { kOption, onOption, sitesOf } from "./fit/selection.ts"
import { combineVariants, onCombinedVariants, restoreOnCombinedVariants } from "./contract/variants.ts"
import { layersChosen } from "./contract/departures.ts"

const ttpdOptions = {
  on: onOption("resid", "residual layers, or heads, mlp or final"),
  k: kOption,
  polarity: {
    kind: "choice",
    values: ["yes-no", "none"],
    default: "yes-no",
    description:
      "yes-no: a response said to follow the instruction and said not to; none: the response alone",
  },
} as const

export type TtpdOptions = OptionValues<typeof ttpdOptions>

export const ttpd: Probe<typeof ttpdOptions, "ttpd"> = {
  name: "ttpd",
  description:
    "truth and polarity directions, logistic regression on the two projections (Bürger et al. 2024)",
  departures: [
    {
      from: "Bürger et al. 2024",
      there: "polarity is whether a statement is negated",
      here: "it is the Yes or No put behind a response, or none",
    },
    {
      from: "Bürger et al. 2024",
      there: "activations are centred within each topic",
      here: "over the whole source",
    },
    {
      from: "Truth_is_Universal",
      there: "the polarity direction's regression has no penalty and stops after 100 steps",
      here: "C = 1, to convergence: Yes and No are separable, and there is no optimum without a penalty",
    },
    {
      from: "Truth_is_Universal",
      there: "later versions scale one projection by √nTokens",
      here: "no factor, as in the paper",
    },
    layersChosen("Bürger et al. 2024"),
  ],
  options: ttpdOptions,
  needs: ({ on, polarity }) => ({
    stimulus: polarity === "yes-no" ? "yes-no" : "plain",
    positions: { kind: "last" },
    sites: sitesOf(on),
  }),
  fit: fitTtpd,
  restore: (record) =>
    record.fields.variants === undefined
      ? restoreLinearProbe(record)
      : restoreOnCombinedVariants(record, restoreLinearProbe),
}

/**
 * TTPD: acts − their mean ≈ t_g·τ + t_p·τ·p by least squares, τ = ±1 the truth of a statement and p = ±1 its polarity;
 * then a logistic regression of τ on the projections on t_g and on the direction of polarity.
 *
 * Responses have no negations. Their polarity here: "does the responder successfully follow the instruction? Yes" is a
 * statement of polarity 1, true of the better response, and "… No" one of polarity −1, true of the worse. A response
 * is scored by the logit of its Yes less that of its No. With `polarity` none all are 0: as in the authors' code t_g
 * is then learned alone, and equals half the mass-mean direction where the classes are balanced.
 *
 * The direction of polarity is fitted by a logistic regression with C = 1, where the authors' has no penalty and stops
 * after 100 steps: Yes and No are perfectly separable, and without a penalty there is no optimum. Their factor
 * √nTokens on one projection is left out: it is in later versions of the code and not in the paper.
 *
 * @param options.on, options.k - layers or heads to choose from and how many to keep, as for mass-mean
 * @param options.polarity - where polarity comes from
 * Source: Bürger, Hamprecht and Nadler 2024, arXiv:2407.12831; sciai-lab/Truth_is_Universal, probes.py, TTPD
 */
export async function fitTtpd(
  source: ActivationSet,
  { on, k, polarity, seed, accuracyOnly }: TtpdOptions & FitOptions,
): Promise<FittedProbe> {
  const fit = { probe: "ttpd", on, k, seed, accuracyOnly }
  if (polarity === "none") return await fitLinear(source, { ...fit, find: truthDirection })
  const apart = combineVariants(source, difference, sum)
  return onCombinedVariants(await fitLinear(apart, { ...fit, find: truthAndPolarity }), difference)
}

const difference = { yes: 1, no: -1 }
const sum = { yes: 1, no: 1 }

/** t_g of responses without polarity, scaled to a logit. */
const truthDirection: DirectionFinder = (matrix, unit, pairs, hints) => {
  const { values } = meanDifference(matrix, unit, pairs, hints)
  const projections = [
    pairs.flat().map((row) => projection(matrix.data, row * matrix.width + unit.begin, values)),
  ]
  const { coefficients, intercept } = fitProjections(projections, alternating(2 * pairs.length))
  return { values: scaled(values, coefficients[0]!), offset: -intercept, isLogit: true }
}

/**
 * The direction whose projection is the logit, from a matrix whose columns are [Yes − No | Yes + No].
 *
 * Over the four kinds of statements, as many of each, the columns τ and τp are orthogonal: t_g = ¼ (Yes − No of the
 * better less Yes − No of the worse), in the mean. t_p falls out of the score, as the authors have it.
 */
const truthAndPolarity: DirectionFinder = (matrix, unit, pairs, hints) => {
  const { values: t } = meanDifference(matrix, unit, pairs, hints)
  const { width } = unit
  const rows = pairs.flat()
  // Statements: Yes after each response, better and worse in turn, and then No.
  const statements = new Float64Array(2 * rows.length * width)
  rows.forEach((row, i) => {
    const at = row * matrix.width + unit.begin
    for (let j = 0; j < width; j++) {
      const [apart, together] = [matrix.data[at + j]!, matrix.data[at + matrix.width / 2 + j]!]
      statements[i * width + j] = (together + apart) / 2
      statements[(rows.length + i) * width + j] = (together - apart) / 2
    }
  })
  // In units of their root mean square, so that the penalty means the same whatever the model's scale.
  const scale = Math.sqrt(statements.reduce((total, x) => total + x * x, 0) / statements.length) || 1
  for (let i = 0; i < statements.length; i++) statements[i]! /= scale
  const all = Int32Array.from({ length: 2 * rows.length }, (_, i) => i)
  const isYes = Uint8Array.from(all, (i) => (i < rows.length ? 1 : 0))
  const view = { data: statements, stride: width, begin: 0, width, rows: all }
  const { weights: p } = fitLogistic(view, isYes, hints.rough ? { tolerance: 1e-4 } : {})
  const along = (direction: ArrayLike<number>): number[] =>
    Array.from(all, (i) => projection(statements, i * width, direction))
  const better = alternating(rows.length)
  const truth = Uint8Array.from(all, (i) => (i < rows.length ? better[i]! : 1 - better[i - rows.length]!))
  const { coefficients } = fitProjections([along(t), along(p)], truth)
  const values = Float64Array.from(
    p,
    (entry, j) => (coefficients[0]! * t[j]! + coefficients[1]! * entry) / scale,
  )
  // Yes and No of a response that is neither better nor worse are equally likely to be true.
  return { values, offset: 0, isLogit: true }
}

/**
 * Logistic regression on a few projections, each in units of its spread so that C = 1 is a mild penalty whatever the
 * scale of the activations.
 */
function fitProjections(
  projections: readonly (readonly number[])[],
  labels: Uint8Array,
): { coefficients: number[]; intercept: number } {
  const n = labels.length
  const spreads = projections.map((values) => {
    const mean = values.reduce((total, value) => total + value, 0) / n
    return Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / n) || 1
  })
  const width = projections.length
  const data = Float64Array.from({ length: n * width }, (_, i) => {
    const column = i % width
    return projections[column]![Math.floor(i / width)]! / spreads[column]!
  })
  const rows = Int32Array.from(labels, (_, i) => i)
  const { weights, intercept } = fitLogistic({ data, stride: width, begin: 0, width, rows }, labels)
  return { coefficients: spreads.map((spread, column) => weights[column]! / spread), intercept }
}

/** 1, 0, 1, 0 …: the better responses of pairs and the worse. */
function alternating(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 1 - (i % 2))
}

function scaled(values: ArrayLike<number>, factor: number): Float64Array {
  return Float64Array.from(values, (value) => value * factor)
}

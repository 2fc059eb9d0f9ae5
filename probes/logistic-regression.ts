// Logistic regression, to the optimum of scikit-learn's objective, on single responses or on differences within pairs.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import { fitLinear, type DirectionFinder } from "./fit/fit-linear.ts"
import { restoreLinearProbe } from "./contract/linear-probe.ts"
import { fitLogistic } from "./math/logistic.ts"
import { pairDifferences } from "./fit/pair-features.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import { kOption, onOption, sitesOf } from "./fit/selection.ts"

const options = {
  on: onOption("resid", "residual layers, or heads, mlp or final"),
  k: kOption,
  features: {
    kind: "choice",
    values: ["responses", "differences"],
    default: "responses",
    description:
      "fit on single responses with an intercept, or on better − worse without one (Mallen & Belrose)",
  },
  c: { kind: "number", min: 0, default: 1, description: "inverse strength of the penalty, scikit-learn's C" },
} as const

export type LogisticRegressionOptions = OptionValues<typeof options>

export const logisticRegression: Probe<typeof options, "lr"> = {
  name: "lr",
  description: "logistic regression on the best layers, on responses or on differences within pairs",
  departures: [
    {
      from: "Mallen & Belrose 2023",
      there: "both members of a contrast pair, concatenated",
      here: "single responses, or their differences (`features`)",
    },
  ],
  options,
  needs: ({ on }) => ({ stimulus: "plain", positions: { kind: "last" }, sites: sitesOf(on) }),
  fit: fitLogisticRegression,
  restore: restoreLinearProbe,
}

/**
 * Logistic regression: minimises ½‖w‖² + C Σ log-loss, the intercept free.
 *
 * On responses the two members of a pair are two samples, and whatever their prompt adds to both is noise; on
 * differences it cancels. Several layers or heads are averaged as logits. With more dimensions than samples the
 * classes are always separable: what it reaches on its own fit says nothing.
 *
 * @param options.on, options.k - layers or heads to choose from and how many to keep, as for mass-mean
 * @param options.features - `responses` (default) or `differences`
 * @param options.c - C above; above 0, defaults to 1
 * @returns fitted probe; of one layer `scoreResponses` gives x·w + b, the logit of "better"
 * Source: scikit-learn, LogisticRegression; Mallen and Belrose 2023, arXiv:2312.01037 (on pairs)
 */
export async function fitLogisticRegression(
  source: ActivationSet,
  { on, k, features, c, seed, accuracyOnly }: LogisticRegressionOptions & FitOptions,
): Promise<FittedProbe> {
  const find = features === "responses" ? onResponses(c) : onDifferences(c)
  return await fitLinear(source, { probe: "lr", on, k, seed, accuracyOnly, find })
}

// Ranking and calibration need accuracies and slopes: far more digits than these need.
const roughTolerance = 1e-4

/** Fits on single responses, with an intercept. */
export function onResponses(C: number): DirectionFinder {
  return ({ data, width: stride }, { begin, width }, pairs, { rough }) => {
    const rows = pairs.flat()
    const labels = Uint8Array.from(rows, (_, i) => 1 - (i % 2))
    const { weights, intercept } = fitLogistic({ data, stride, begin, width, rows }, labels, {
      C,
      ...(rough ? { tolerance: roughTolerance } : {}),
    })
    return { values: weights, offset: -intercept, isLogit: true }
  }
}

function onDifferences(C: number): DirectionFinder {
  return (matrix, unit, pairs, { rough }) => {
    const { width } = unit
    const data = pairDifferences("logistic regression", matrix, unit, pairs)
    // Without an intercept a sample and its negative say the same: every other one is turned, so that both classes occur.
    const signed = data.map((value, i) => (Math.floor(i / width) % 2 ? -value : value))
    const rows = pairs.map((_, i) => i)
    const labels = rows.map((i) => 1 - (i % 2))
    const { weights } = fitLogistic({ data: signed, stride: width, begin: 0, width, rows }, labels, {
      C,
      intercept: false,
      ...(rough ? { tolerance: roughTolerance } : {}),
    })
    return { values: weights, isLogit: true }
  }
}

// Linear artificial tomography (representation engineering): the first principal component of the differences within
// pairs, its sign from which member of a training pair scores higher. Source: Zou et al. 2023, arXiv:2310.01405,
// section 3.1; representation-engineering, repe/rep_readers.py, PCARepReader.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { OptionValues } from "../src/base/options.ts"
import { random } from "../src/base/random.ts"
import { fitLinear, type DirectionFinder, type FoundDirection } from "./fit/fit-linear.ts"
import { restoreLinearProbe } from "./contract/linear-probe.ts"
import { pairDifferences } from "./fit/pair-features.ts"
import { topComponent, type TopComponentOptions } from "./math/pca.ts"
import type { FittedProbe, Probe, FitOptions } from "./contract/probe.ts"
import { kOption, onOption, sitesOf } from "./fit/selection.ts"
import { layersChosen } from "./contract/departures.ts"

/** Stimuli of src/data by what the option calls them. */
export const latStimuli = { "1": "plain", "2": "lat-2", repe: "repe" } as const

const options = {
  on: onOption("resid", "residual layers, or heads, mlp or final"),
  k: kOption,
  stimulus: {
    kind: "choice",
    values: ["1", "2", "repe"],
    default: "1",
    description: "1: the text as it is, 2: between GENIES' wrapper sentences, repe: in the paper's template",
  },
  order: {
    kind: "choice",
    values: ["random", "better-first"],
    default: "random",
    description:
      "order within pairs before differences are taken; better-first loses the signal where centre is on",
  },
  centre: {
    kind: "flag",
    default: true,
    description: "subtract the mean difference first, as the authors do; without, the order does not matter",
  },
} as const

export type LatOptions = OptionValues<typeof options>

export const lat: Probe<typeof options, "lat"> = {
  name: "lat",
  description: "LAT: first principal component of the differences within pairs (Zou et al., RepE)",
  departures: [
    {
      from: "Zou et al. 2023",
      there: "a template asks for the amount of truthfulness",
      here: "the text as it is (`stimulus` 1); the template is `stimulus` repe",
    },
    layersChosen("Zou et al. 2023"),
    {
      from: "representation-engineering",
      there: "where labels do not decide the sign it is +1",
      here: "the mean difference decides, and if that is 0 the direction counts nothing",
    },
  ],
  options,
  needs: ({ on, stimulus }) => ({
    stimulus: latStimuli[stimulus],
    positions: { kind: "last" },
    sites: sitesOf(on),
  }),
  fit: fitLat,
  restore: restoreLinearProbe,
}

/**
 * LAT: the direction is the first principal component of the differences within pairs, the score x·direction.
 *
 * Labels decide the sign alone: the direction is turned so that the better response of a training pair is the higher
 * one more often than not; at a draw, on average; and where that is a draw too, it counts nothing. The component is
 * whatever varies most between two responses: a difference louder than truth is found in its place. With the better
 * response always first and the mean subtracted, the truth itself is subtracted (`order` better-first, `centre` on).
 *
 * @param options.on, options.k - layers or heads to choose from and how many to keep, as for mass-mean
 * @param options.stimulus - what the model reads
 * @param options.order, options.centre - whether differences are taken in random order, and centred
 * @param options.seed - of the pairs, the split, the folds and the order
 * @throws {LitmusError} if fewer than two prompts can be scored
 * Source: Zou et al. 2023, arXiv:2310.01405; repe/rep_readers.py, PCARepReader (get_rep_directions, get_signs)
 */
export async function fitLat(
  source: ActivationSet,
  { on, k, order, centre, seed, accuracyOnly }: LatOptions & FitOptions,
): Promise<FittedProbe> {
  const find: DirectionFinder = (matrix, unit, rows, { rough, start }) => {
    const flips = order === "random" ? randomOrder(rows.length, seed) : new Int8Array(rows.length).fill(1)
    const differences = pairDifferences("lat", matrix, unit, rows)
    const precision = rough ? { tolerance: 1e-6 } : {}
    return principalDirection(differences, unit.width, flips, {
      centre,
      ...precision,
      ...(start ? { start } : {}),
    })
  }
  return await fitLinear(source, { probe: "lat", on, k, seed, accuracyOnly, find })
}

/**
 * The first principal component of differences whose signs are `order`, turned towards better − worse.
 *
 * @param differences - better − worse, `[nPairs, width]`
 * @param order - 1 where the better response comes first, −1 where the worse one does, `[nPairs]`
 */
export function principalDirection(
  differences: Float64Array,
  width: number,
  order: Int8Array,
  options: TopComponentOptions = {},
): FoundDirection {
  const ordered = differences.map((value, i) => value * order[Math.floor(i / width)]!)
  const { direction } = topComponent(ordered, width, options)
  let higher = 0
  let total = 0
  for (let at = 0; at < differences.length; at += width) {
    let score = 0
    for (let j = 0; j < width; j++) score += differences[at + j]! * direction[j]!
    higher += Math.sign(score)
    total += score
  }
  const sign = Math.sign(higher) || Math.sign(total)
  return { values: sign < 0 ? direction.map((value) => -value) : direction, undecided: sign === 0 }
}

function randomOrder(nPairs: number, seed: number): Int8Array {
  const { integer } = random(seed, "LAT order")
  return Int8Array.from({ length: nPairs }, () => (integer(2) === 0 ? 1 : -1))
}

// The fitted form that several probes share: directions at a few sites or heads; a pair's score is the mean, over the
// directions, of the cosine between (better − worse) and the direction. Source: GENIES, interventions/mms.

import { projection } from "./linear-probe.ts"
import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Pair } from "../../src/data/pairs.ts"
import { calibratedLogits, readCalibrator, sigmoid, type Calibrator } from "./calibrator.ts"
import { directionTensors, eachDirection, pairRows, placeOf, readDirections } from "./directions.ts"
import type { Direction, FittedProbe, ProbeRecord } from "./probe.ts"

export interface CosineProbe {
  readonly probe: string
  readonly directions: readonly Direction[]
  readonly calibrator: Calibrator
  readonly summary: string
}

/** A fitted probe from directions and a calibrator. */
export function cosineProbe(parts: CosineProbe): FittedProbe {
  const { probe, directions, calibrator, summary } = parts
  const sites = [...new Set(directions.map(({ site }) => site))]
  return {
    probe,
    sites,
    directions,
    calibrator,
    summary,
    scoresPairsApart: true,
    async scoreResponses(target) {
      // A response alone has no difference to take a cosine of: its place along each direction, in units of the
      // distance between the class means, averaged over the directions.
      const scores = new Float64Array(target.rows.example.length)
      await eachDirection(target, directions, ({ data, width }, direction) => {
        const norm = direction.values.reduce((sum, value) => sum + value * value, 0)
        if (norm === 0) return
        for (let row = 0; row < scores.length; row++) {
          const product = projection(data, row * width + direction.begin, direction.values)
          scores[row]! += product / norm / directions.length
        }
      })
      return scores
    },
    async scorePairs(target, pairs) {
      const scores = await meanCosines(target, pairs, directions)
      const logits = calibratedLogits(calibrator, scores)
      return { logits, probabilities: logits.map(sigmoid) }
    },
    record: () => ({
      probe,
      fields: { calibrator, summary, directions: directions.map(placeOf) },
      tensors: directionTensors(directions),
    }),
  }
}

/** Reads a cosine probe back. */
export function restoreCosineProbe(record: ProbeRecord): FittedProbe {
  return cosineProbe({
    probe: record.probe,
    summary: record.fields.summary as string,
    calibrator: readCalibrator(record.fields.calibrator),
    directions: readDirections(record),
  })
}

/** Mean over directions of cos(better − worse, direction), float64 `[nPairs]`; a zero vector counts 0. */
export async function meanCosines(
  target: ActivationSet,
  pairs: readonly Pair[],
  directions: readonly Direction[],
): Promise<Float64Array> {
  const scores = new Float64Array(pairs.length)
  const rows = pairRows(target, pairs)
  await eachDirection(target, directions, ({ data, width }, { begin, values }) => {
    rows.forEach(([better, worse], k) => {
      scores[k]! +=
        cosineOfDifference(data, better * width + begin, worse * width + begin, values) / directions.length
    })
  })
  return scores
}

function cosineOfDifference(data: Float32Array, a: number, b: number, direction: Float32Array): number {
  let product = 0
  let length = 0
  let norm = 0
  for (let j = 0; j < direction.length; j++) {
    const difference = data[a + j]! - data[b + j]!
    product += difference * direction[j]!
    length += difference * difference
    norm += direction[j]! * direction[j]!
  }
  const scale = Math.sqrt(length * norm)
  // Not "scale > 0": a NaN must not pass for a tie.
  return scale === 0 ? 0 : product / scale
}

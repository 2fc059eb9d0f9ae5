// The fitted form of probes that score by projection: a response's score is the sum, over a few directions, of
// weight · (x·d − offset), and a pair's is the difference of its responses' scores, so that offsets cancel and swapping
// the responses flips the sign.

import type { ActivationSet } from "../../activations/activation-set.ts"
import { LitmusError } from "../../src/base/errors.ts"
import type { Pair } from "../../src/data/pairs.ts"
import { calibratedLogits, readCalibrator, sigmoid, type Calibrator } from "./calibrator.ts"
import { directionTensors, eachDirection, pairRows, placeOf, readDirections } from "./directions.ts"
import type { Direction, FittedProbe, ProbeRecord } from "./probe.ts"

/** A direction and how its projection counts. */
export interface WeightedDirection extends Direction {
  /** The projection that says neither better nor worse. */
  readonly offset: number
  /** 1 where there is one direction; 0 where the source could not say which way it points. */
  readonly weight: number
}

export interface LinearProbe {
  readonly probe: string
  readonly directions: readonly WeightedDirection[]
  readonly calibrator: Calibrator
  readonly summary: string
}

/** A fitted probe from weighted directions and a calibrator. */
export function linearProbe({ probe, directions, calibrator, summary }: LinearProbe): FittedProbe {
  return {
    probe,
    sites: [...new Set(directions.map(({ site }) => site))],
    directions,
    calibrator,
    summary,
    async scoreResponses(target) {
      const scores = new Float64Array(target.rows.example.length)
      await eachDirection(target, directions, ({ data, width }, { begin, values, offset, weight }) => {
        for (let row = 0; row < scores.length; row++) {
          scores[row]! += weight * (projection(data, row * width + begin, values) - offset)
        }
      })
      return scores
    },
    async scorePairs(target, pairs) {
      const logits = calibratedLogits(calibrator, await projectedDifferences(target, pairs, directions))
      return { logits, probabilities: logits.map(sigmoid) }
    },
    record: () => ({
      probe,
      fields: {
        calibrator,
        summary,
        directions: directions.map((direction) => ({
          ...placeOf(direction),
          offset: direction.offset,
          weight: direction.weight,
        })),
      },
      tensors: directionTensors(directions),
    }),
  }
}

/** Reads a linear probe back. */
export function restoreLinearProbe(record: ProbeRecord): FittedProbe {
  return linearProbe({
    probe: record.probe,
    summary: record.fields.summary as string,
    calibrator: readCalibrator(record.fields.calibrator),
    directions: readDirections(record, ({ offset, weight }) => {
      if (typeof offset === "number" && typeof weight === "number") return { offset, weight }
      throw new LitmusError(`${record.probe}: expected every direction's offset and weight to be numbers`)
    }),
  })
}

/** Σ weight · (better − worse)·d, float64 `[nPairs]`: exactly 0 for two responses with the same activations. */
export async function projectedDifferences(
  target: ActivationSet,
  pairs: readonly Pair[],
  directions: readonly WeightedDirection[],
): Promise<Float64Array> {
  const scores = new Float64Array(pairs.length)
  const rows = pairRows(target, pairs)
  await eachDirection(target, directions, ({ data, width }, { begin, values, weight }) => {
    rows.forEach(([better, worse], i) => {
      const a = projection(data, better * width + begin, values)
      const b = projection(data, worse * width + begin, values)
      scores[i]! += weight * (a - b)
    })
  })
  return scores
}

/** x·d of the row that begins at `at`. */
export function projection(data: ArrayLike<number>, at: number, direction: ArrayLike<number>): number {
  let sum = 0
  for (let j = 0; j < direction.length; j++) sum += data[at + j]! * direction[j]!
  return sum
}

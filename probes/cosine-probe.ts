// The fitted form that several probes share: directions at a few sites or heads; a pair's score is the mean, over the
// directions, of the cosine between (better − worse) and the direction. Source: GENIES, interventions/mms.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { Matrix } from "../activations/cache/index.ts"
import type { Pair } from "../src/data/pairs.ts"
import { LitmusError, ShapeError } from "../src/errors.ts"
import { calibratedLogits, readCalibrator, sigmoid, type Calibrator } from "./calibrator.ts"
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
    async scoreResponses(target) {
      // A response alone has no difference to take a cosine of: its place along each direction, in units of the
      // distance between the class means, averaged over the directions.
      const scores = new Float64Array(target.rows.example.length)
      await eachDirection(target, directions, ({ data, width }, direction) => {
        const norm = direction.values.reduce((sum, value) => sum + value * value, 0)
        if (norm === 0) return
        for (let row = 0; row < scores.length; row++) {
          const at = row * width + direction.begin
          let product = 0
          for (let j = 0; j < direction.values.length; j++) product += data[at + j]! * direction.values[j]!
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
      fields: {
        calibrator,
        summary,
        directions: directions.map(({ site, head, begin }) => ({
          site,
          ...(head === undefined ? {} : { head }),
          begin,
        })),
      },
      tensors: new Map(
        directions.map(({ values }, k) => [`direction.${k}`, { shape: [values.length], data: values }]),
      ),
    }),
  }
}

/** Reads a cosine probe back. */
export function restoreCosineProbe({ probe, fields, tensors }: ProbeRecord): FittedProbe {
  const { directions, summary } = fields as {
    directions: { site: string; head?: number; begin: number }[]
    summary: string
  }
  if (!Array.isArray(directions)) throw new LitmusError(`${probe}: expected a list of directions`)
  return cosineProbe({
    probe,
    summary,
    calibrator: readCalibrator(fields.calibrator),
    directions: directions.map((place, k) => {
      const tensor = tensors.get(`direction.${k}`)
      if (!tensor) throw new LitmusError(`${probe}: tensor direction.${k} is missing`)
      return { ...place, values: tensor.data }
    }),
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

/** Row of the better and of the worse response of every pair. */
export function pairRows(target: ActivationSet, pairs: readonly Pair[]): [better: number, worse: number][] {
  return pairs.map(({ example, better, worse }) => {
    const first = target.rowsOf(example, better)[0]
    const second = target.rowsOf(example, worse)[0]
    if (first === undefined || second === undefined) {
      throw new LitmusError(
        `${target.distribution.id} ${target.distribution.split}, example ${example}: responses ${better} and ${worse} do not both have activations`,
      )
    }
    return [first, second]
  })
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
  return scale > 0 ? product / scale : 0
}

/** Calls `use` for every direction with its site's matrix, each site read once. */
async function eachDirection(
  target: ActivationSet,
  directions: readonly Direction[],
  use: (matrix: Matrix, direction: Direction) => void,
): Promise<void> {
  for (const site of new Set(directions.map((direction) => direction.site))) {
    const matrix = await target.matrix(site)
    for (const direction of directions) {
      if (direction.site !== site) continue
      if (direction.begin + direction.values.length > matrix.width) {
        throw new ShapeError(
          `${site}: expected at least ${direction.begin + direction.values.length} columns, got ${matrix.width} (the probe was fitted on another model)`,
        )
      }
      use(matrix, direction)
    }
  }
}

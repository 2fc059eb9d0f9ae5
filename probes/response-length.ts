// A control that reads no activations: the length of the response. What it reaches on a target is what a probe may owe to
// length alone.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { Distribution, Pair } from "../src/data/index.ts"
import { LitmusError } from "../src/base/errors.ts"
import {
  calibratedLogits,
  fitAntisymmetric,
  readCalibrator,
  sigmoid,
  type Calibrator,
} from "./contract/calibrator.ts"
import type { FittedProbe, Probe, ProbeRecord } from "./contract/probe.ts"
import { sourcePairs } from "./fit/source-pairs.ts"

const options = {} as const

export const responseLength: Probe<typeof options, "response-length"> = {
  name: "response-length",
  description: "control: longer or shorter responses, whichever is better on the source",
  departures: [],
  traits: { measuresCapability: false },
  options,
  // It reads none; the cheapest site decides which responses fit the context, as for the probes that it is held against.
  needs: () => ({ stimulus: "plain", positions: { kind: "last" }, sites: ["resid.0"] }),
  fit: fitResponseLength,
  restore,
}

/**
 * Length as a probe: score = sign · log(1 + length), length in code points.
 *
 * The sign is the one that is right on more of the source's pairs; where neither is, every pair is a tie.
 *
 * @param options.seed - of the source's pairs
 * @throws {LitmusError} if fewer than two prompts can be scored
 */
export async function fitResponseLength(
  source: ActivationSet,
  { seed }: { readonly seed: number },
): Promise<FittedProbe> {
  const { pairs } = sourcePairs(source, seed)
  const longer = lengthDifferences(source.distribution, pairs, 1)
  const sign = Math.sign(longer.reduce((sum, score) => sum + Math.sign(score), 0))
  const share = longer.filter((score) => score > 0).length / longer.length
  const summary = `prefers the ${sign > 0 ? "longer" : sign < 0 ? "shorter" : "neither"} response: the better one is longer in ${(share * 100).toFixed(1)} % of the source's pairs`
  return fitted({
    sign,
    summary: sign === 0 ? summary.replace("the neither", "neither") : summary,
    calibrator: fitAntisymmetric(longer.map((score) => sign * score)),
  })
}

function fitted({
  sign,
  summary,
  calibrator,
}: {
  readonly sign: number
  readonly summary: string
  readonly calibrator: Calibrator
}): FittedProbe {
  return {
    probe: "response-length",
    sites: [],
    directions: [],
    calibrator,
    summary,
    async scoreResponses(target) {
      const lengths = lengthsOf(target.distribution)
      const { example, response } = target.rows
      return Float64Array.from(example, (of, row) => sign * lengths(of, response[row]!))
    },
    async scorePairs(target, pairs) {
      const logits = calibratedLogits(calibrator, lengthDifferences(target.distribution, pairs, sign))
      return { logits, probabilities: logits.map(sigmoid) }
    },
    record: () => ({
      probe: "response-length",
      fields: { sign, summary, calibrator },
      tensors: new Map(),
    }),
  }
}

function restore({ fields }: ProbeRecord): FittedProbe {
  const { sign } = fields
  if (sign !== 1 && sign !== -1 && sign !== 0) {
    throw new LitmusError(`response-length: expected a sign of 1, -1 or 0, got ${JSON.stringify(sign)}`)
  }
  return fitted({ sign, summary: fields.summary as string, calibrator: readCalibrator(fields.calibrator) })
}

function lengthDifferences(distribution: Distribution, pairs: readonly Pair[], sign: number): Float64Array {
  const lengths = lengthsOf(distribution)
  return Float64Array.from(
    pairs,
    ({ example, better, worse }) => sign * (lengths(example, better) - lengths(example, worse)),
  )
}

/** log(1 + code points) of a response of an example. */
function lengthsOf({ id, split, examples }: Distribution): (example: number, response: number) => number {
  const byIndex = new Map(examples.map((example) => [example.index, example]))
  return (example, response) => {
    const text = byIndex.get(example)?.responses[response]?.text
    if (text === undefined) {
      throw new LitmusError(
        `${id} ${split}: expected pairs of its examples, got example ${example}, response ${response}`,
      )
    }
    return Math.log1p(Array.from(text).length)
  }
}

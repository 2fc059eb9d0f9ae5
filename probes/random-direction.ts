// The control: directions drawn at random, at the heads or layers that mass-mean shift would select, with only their
// sign read from the source. What a probe finds has to be held against this.

import type { ActivationSet } from "../activations/activation-set.ts"
import { random } from "../src/random.ts"
import { fitAntisymmetric } from "./calibrator.ts"
import { cosineProbe, meanCosines, restoreCosineProbe } from "./cosine-probe.ts"
import { massMeanShiftOptions, sourcePairs, unitsOf } from "./mass-mean-shift.ts"
import type { OptionValues } from "../src/options.ts"
import type { Direction, FittedProbe, Probe } from "./probe.ts"
import { defaultCount, rankUnits } from "./selection.ts"

const options = { on: massMeanShiftOptions.on, k: massMeanShiftOptions.k } as const

export const randomDirection: Probe<typeof options> = {
  name: "random-direction",
  description: "control: random directions at the heads or layers that mms selects, sign from the source",
  options,
  needs: ({ on }) => ({ stimulus: "plain", positions: { kind: "last" }, sites: [on] }),
  fit: fitRandomDirection,
  restore: restoreCosineProbe,
}

/**
 * Standard normal directions; each is turned so that it prefers the better responses of the source.
 *
 * @param source - activations at the last token
 * @param options.on, options.k - as those of mass-mean shift
 * @param options.seed - of the directions, the pairs and the split
 */
export async function fitRandomDirection(
  source: ActivationSet,
  { on, k, seed }: OptionValues<typeof options> & { readonly seed: number },
): Promise<FittedProbe> {
  const { pairs, fitPairs, heldOutPairs } = sourcePairs(source, seed)
  const units = unitsOf(source, on)
  const ranked = await rankUnits(source, units, { fitPairs, heldOutPairs })
  const kept = ranked.slice(0, k ?? defaultCount(units.length)).map(({ unit }) => unit)
  const directions: Direction[] = []
  for (const { site, head, begin, width } of kept) {
    const { normal } = random(seed, "random direction", site, head ?? -1)
    const place = { site, ...(head === undefined ? {} : { head }), begin }
    const direction = { ...place, values: Float32Array.from({ length: width }, normal) }
    const scores = await meanCosines(source, pairs, [direction])
    const sign = scores.reduce((sum, score) => sum + Math.sign(score), 0) < 0 ? -1 : 1
    directions.push({ ...place, values: direction.values.map((value) => value * sign) })
  }
  return cosineProbe({
    probe: "random-direction",
    directions,
    calibrator: fitAntisymmetric(await meanCosines(source, pairs, directions)),
    summary: `random directions at ${kept.length} of ${units.length} ${on}, sign from the source`,
  })
}

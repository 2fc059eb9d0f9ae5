// CCS at the size of a 7B model: 600 contrast pairs of 4096 dimensions, 10 restarts, 1000 epochs, against a bound of 30 s
// on two cores.

import { trainCcs } from "../../probes/math/ccs-training.ts"
import { fitNormalisation, normalise } from "../../probes/math/contrasts.ts"
import { tensorBackend } from "../../probes/math/tensor-backend.ts"
import { random } from "../../src/base/random.ts"

const boundSeconds = 30

/** @param full - all 1000 epochs; otherwise 100, extrapolated */
export async function benchCcs(full: boolean): Promise<void> {
  const count = 600
  const width = 4096
  const epochs = full ? 1000 : 100
  const noise = random(0, "bench ccs")
  const truth = Float64Array.from({ length: width }, noise.normal)
  const positive = Float32Array.from({ length: count * width }, noise.normal)
  const negative = Float32Array.from({ length: count * width }, noise.normal)
  for (let row = 0; row < count; row++) {
    const side = noise.uniform() < 0.5 ? 0.05 : -0.05
    for (let j = 0; j < width; j++) {
      positive[row * width + j]! += side * truth[j]!
      negative[row * width + j]! -= side * truth[j]!
    }
  }
  const raw = { positive, negative, count, width }
  const contrasts = normalise(raw, fitNormalisation(raw))
  const { tf, name } = await tensorBackend()
  const began = performance.now()
  const { loss, restarts } = await trainCcs(tf, contrasts, { seed: 0, epochs })
  const seconds = ((performance.now() - began) / 1000) * (1000 / epochs)
  const how = full ? "" : `, from ${epochs} epochs`
  console.log(
    `ccs, ${count} pairs × ${width} dimensions, ${restarts.length} restarts, 1000 epochs (tfjs ${name})`,
  )
  console.log(
    `  ${seconds.toFixed(1)} s${how}; bound ${boundSeconds} s on two cores; least loss ${loss.toExponential(1)}`,
  )
}

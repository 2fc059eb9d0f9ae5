// Probes on activations of the size of a 7B model, synthetic: ranking all heads by logistic regression, with the
// objective that it reaches; LAT and mass-mean on all residual layers.

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Matrix } from "../../activations/cache/index.ts"
import { fitLat } from "../../probes/lat.ts"
import { fitMassMean } from "../../probes/mass-mean.ts"
import { fitLogistic } from "../../probes/math/logistic.ts"
import { headUnits, rankUnits } from "../../probes/fit/selection.ts"
import { setOf } from "../support/activations.ts"

const [nLayers, nHeads, dHead] = [32, 32, 128]
const width = nHeads * dHead

export async function benchProbes(): Promise<void> {
  await benchRanking()
  await benchLayers()
}

/** The release's 70/30 split of 600 prompts: 840 rows to fit on, 360 to measure the ranking. */
async function benchRanking(): Promise<void> {
  const source = activationsOf("heads", nLayers)
  const pairs = source.distribution.examples.map(({ index }) => ({ example: index, better: 0, worse: 1 }))
  const [fitPairs, heldOutPairs] = [pairs.slice(0, 420), pairs.slice(420)]
  const began = performance.now()
  const ranked = await rankUnits(source, headUnits(source, source.sites), { fitPairs, heldOutPairs })
  const seconds = (performance.now() - began) / 1000
  console.log(
    `ranking ${nLayers} × ${nHeads} heads of ${dHead} on ${2 * fitPairs.length} rows: ${seconds.toFixed(1)} s (bound 60 s), ` +
      `best head ${ranked[0]!.accuracy.toFixed(3)}`,
  )
  // The optimum is that of scikit-learn's objective: ½‖w‖² + Σ log(1 + exp(−s (x·w + b))).
  const { data, width: stride } = await source.matrix("heads.20")
  const rows = Array.from({ length: 840 }, (_, row) => row)
  const labels = Uint8Array.from(rows, (row) => 1 - (row % 2))
  const view = { data, stride, begin: 0, width: dHead, rows }
  const objective = ({ weights, intercept }: { weights: Float64Array; intercept: number }): number => {
    let value = 0.5 * weights.reduce((sum, w) => sum + w * w, 0)
    for (const row of rows) {
      let decision = intercept
      for (let j = 0; j < dHead; j++) decision += data[row * stride + j]! * weights[j]!
      const margin = labels[row] === 1 ? decision : -decision
      value += Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(0, -margin)
    }
    return value
  }
  const [ranking, converged] = [fitLogistic(view, labels, { tolerance: 1e-4 }), fitLogistic(view, labels)]
  const optimum = objective(converged)
  console.log(
    `  scikit-learn's objective on one head: ${optimum.toFixed(9)} converged (${converged.iterations} steps), ` +
      `ranking ${(objective(ranking) / optimum - 1).toExponential(1)} above it (${ranking.iterations} steps)`,
  )
}

async function benchLayers(): Promise<void> {
  const source = activationsOf("resid", nLayers + 1)
  for (const [name, bound, fit] of [
    ["mass-mean", "a few seconds", () => fitMassMean(source, { on: "resid", k: undefined, seed: 0 })],
    [
      "LAT",
      "30 s",
      () =>
        fitLat(source, { on: "resid", k: undefined, stimulus: "1", order: "random", centre: true, seed: 0 }),
    ],
  ] as const) {
    const began = performance.now()
    const { summary } = await fit()
    const seconds = (performance.now() - began) / 1000
    console.log(
      `${name} on 600 pairs × ${nLayers + 1} × ${width}: ${seconds.toFixed(1)} s (bound ${bound}); ${summary}`,
    )
  }
}

/** 600 pairs. Every column knows a little of the truth, and 20 shared factors, loud and louder, make columns covary. */
function activationsOf(kind: "heads" | "resid", sites: number): ActivationSet {
  const nRows = 1200
  const names = Array.from({ length: sites }, (_, i) => `${kind}.${i}`)
  const made = new Map(
    names.map((name, i): [string, Matrix] => [name, { data: makeActivations(i, nRows), nRows, width }]),
  )
  const base = setOf({ sites: {}, nRows, layout: { nHeads, dHead } })
  return {
    ...base,
    sites: names,
    widthOf: () => width,
    matrix: async (site) => made.get(site)!,
  }
}

function makeActivations(layer: number, nRows: number): Float32Array<ArrayBuffer> {
  const nFactors = 20
  // A congruential generator: 5 million numbers a site, of which nothing but spread is asked.
  let state = layer + 1
  const noise = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return state / 2147483648
  }
  const loadings = Float32Array.from(
    { length: nFactors * width },
    (_, i) => (noise() * 4) / (1 + Math.floor(i / width)),
  )
  const truth = Float32Array.from({ length: width }, () => noise() * 0.1)
  const data = new Float32Array(nRows * width)
  const factors = new Float32Array(nFactors)
  for (let row = 0; row < nRows; row++) {
    for (let f = 0; f < nFactors; f++) factors[f] = noise()
    const label = row % 2 ? -1 : 1
    for (let j = 0; j < width; j++) {
      let value = noise() + label * truth[j]!
      for (let f = 0; f < nFactors; f++) value += factors[f]! * loadings[f * width + j]!
      data[row * width + j] = value
    }
  }
  return data
}

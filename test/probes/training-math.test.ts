// What the trained and unsupervised probes are made of: gradients against finite differences, the optimiser, clusters
// and eigenvectors against closed forms and other people's code.

import { EigenvalueDecomposition, Matrix } from "ml-matrix"
import { describe, expect, it } from "vitest"
import { trainByAdamW } from "../../probes/math/adamw.ts"
import { attentionObjectives, pooled } from "../../probes/math/attention.ts"
import { ccsLoss, trainCcs } from "../../probes/math/ccs-training.ts"
import { kMeans } from "../../probes/math/k-means.ts"
import { topEigenpair } from "../../probes/math/lanczos.ts"
import { networkLogits } from "../../probes/math/network-logits.ts"
import {
  evaluator,
  linearNetwork,
  lossFunction,
  mlpNetwork,
  modelOf,
  startingParameters,
} from "../../probes/math/networks.ts"
import { logLoss } from "../../probes/math/log-loss.ts"
import { tensorBackend } from "../../probes/math/tensor-backend.ts"
import { vincDirection } from "../../probes/vinc.ts"
import { random } from "../../src/base/random.ts"
import { maxAbsDifference } from "../support/numbers.ts"

const width = 5
const nSamples = 8
const nModels = 3

describe.each([linearNetwork, mlpNetwork])("the $kind network", (network) => {
  const { normal } = random(0, "gradients")
  const data = Float32Array.from({ length: nSamples * width }, normal)
  const shapes = network.shapes(width, nModels)
  const start = startingParameters(
    network,
    width,
    Array.from({ length: nModels }, (_, k) => random(0, "start", k)),
  )

  it.each([
    { name: "ccs", loss: ccsLoss },
    { name: "log", loss: logLoss(Float32Array.from({ length: nSamples }, (_, i) => i % 2)) },
  ])("has the gradient of the $name loss that finite differences give", async ({ loss }) => {
    const { tf } = await tensorBackend()
    const x = tf.tensor2d(data, [nSamples, width])
    const evaluate = evaluator(tf, lossFunction(tf, network, x, loss), shapes)
    const { gradients } = evaluate(start)
    const total = (parameters: readonly Float32Array[]): number =>
      evaluate(parameters).losses.reduce((sum, value) => sum + value, 0)
    start.forEach((values, k) => {
      // Some of every array: the first, the last and a few between.
      for (let probe = 0; probe < 12; probe++) {
        const at = Math.floor((probe * (values.length - 1)) / 11)
        const shifted = [1, -1].map((side) => {
          const moved = start.map((array) => array.slice())
          moved[k]![at]! += side * 0.002
          return total(moved)
        })
        // Losses are float32, their sum near 2: 2e-7 / 0.004, and the kinks of the hidden layer.
        expect(Math.abs((shifted[0]! - shifted[1]!) / 0.004 - gradients[k]![at]!)).toBeLessThan(5e-4)
      }
      expect(gradients[k]!.some((slope) => Math.abs(slope) > 5e-3)).toBe(true)
    })
    x.dispose()
  })

  it("has the logits of the plain loops, for each of the models trained side by side", async () => {
    const { tf } = await tensorBackend()
    const logits = tf.tidy(() => {
      const parameters = start.map((values, k) => tf.tensor(values, shapes[k]))
      return network
        .forward(tf, tf.tensor2d(data, [nSamples, width]), parameters)
        .logits.dataSync<"float32">()
        .slice()
    })
    const plain = Array.from({ length: nModels }, (_, k) =>
      networkLogits(modelOf(start, k, nModels), data, { mean: new Float32Array(width), scale: 1 }),
    )
    const expected = Array.from({ length: nSamples }, (_, i) => plain.map((of) => of[i]!)).flat()
    expect(maxAbsDifference(logits, expected)).toBeLessThan(1e-5)
  })

  it("trains each start as if it were alone", async () => {
    const { tf } = await tensorBackend()
    const half = nSamples / 2
    const contrasts = {
      positive: data.slice(0, half * width),
      negative: data.slice(half * width),
      count: half,
      width,
    }
    const together = await trainCcs(tf, contrasts, {
      network: network.kind,
      seed: 0,
      restarts: nModels,
      epochs: 60,
      start,
    })
    const best = together.restarts.findIndex(({ loss }) => loss === together.loss)
    const alone = await trainCcs(tf, contrasts, {
      network: network.kind,
      seed: 0,
      restarts: 1,
      epochs: 60,
      start: modelOf(start, best, nModels),
    })
    alone.parameters.forEach((values, k) => {
      expect(maxAbsDifference(values, together.parameters[k]!)).toBeLessThan(1e-5)
    })
  })

  it("leaves no tensor behind", async () => {
    const { tf } = await tensorBackend()
    const before = tf.memory().numTensors
    await trainCcs(tf, { positive: data, negative: data, count: nSamples, width }, { seed: 0, epochs: 3 })
    expect(tf.memory().numTensors).toBe(before)
  })
})

describe("trainCcs", () => {
  it("refuses a start of another size", async () => {
    const { tf } = await tensorBackend()
    const contrasts = { positive: new Float32Array(4), negative: new Float32Array(4), count: 2, width: 2 }
    await expect(
      trainCcs(tf, contrasts, { seed: 0, restarts: 1, start: [new Float32Array(3), new Float32Array(1)] }),
    ).rejects.toThrow("ccs: start 0: expected 2 numbers, got 3")
    await expect(trainCcs(tf, { ...contrasts, count: 0 }, { seed: 0 })).rejects.toThrow(
      "ccs: expected at least one contrast pair, got none",
    )
  })
})

describe("trainByAdamW", () => {
  it("makes the steps that the formulas say", async () => {
    // One parameter, gradient 2 in the first step and −1 in the second; lr 0.1, decay 0.5.
    const slopes = [2, -1]
    let epoch = 0
    const { parameters, losses } = await trainByAdamW(
      () => ({ losses: Float32Array.of(epoch), gradients: [Float32Array.of(slopes[epoch++]!)] }),
      [Float32Array.of(1)],
      { epochs: 2, learningRate: 0.1, weightDecay: 0.5 },
    )
    // Step 1: m̂ / √v̂ = 1. Step 2: m = .9·.2 − .1, v = .999·.004 + .001, m̂ = m / .19, v̂ = v / .001999.
    const first = 1 * 0.95 - 0.1
    const second = first * 0.95 - (0.1 * (0.08 / 0.19)) / Math.sqrt((0.999 * 0.004 + 0.001) / 0.001999)
    expect(parameters[0]![0]).toBeCloseTo(second, 6)
    expect([...losses]).toEqual([1])
  })

  it("stops at a loss that is not a number", async () => {
    const evaluate = (): { losses: Float32Array; gradients: Float32Array[] } => ({
      losses: Float32Array.of(Number.NaN),
      gradients: [Float32Array.of(0)],
    })
    await expect(trainByAdamW(evaluate, [Float32Array.of(1)], { epochs: 3 })).rejects.toThrow(
      "training: loss NaN in epoch 1",
    )
  })
})

describe("attentionObjectives", () => {
  const { normal } = random(0, "attention gradient")
  const ends = Int32Array.of(1, 4, 9, 12)
  const x = Float32Array.from({ length: 12 * width }, normal)
  const parameters = Float64Array.from({ length: 2 * width + 1 }, () => normal() / 2)

  it("has the gradient that finite differences give", async () => {
    const { tf } = await tensorBackend()
    // Three models side by side: each sees its own labels and parameters.
    const labels = [
      [1, 0, 0, 1],
      [0, 1, 1, 0],
      [1, 1, 0, 0],
    ]
    const { evaluate, dispose } = attentionObjectives(tf, { x, ends, width }, labels, 0.7)
    const points = labels.map((_, index) => ({
      index,
      x: parameters.map((entry) => entry * (1 - index / 4)),
    }))
    const together = evaluate(points)
    for (const { index, x: at } of points) {
      const [alone] = evaluate([{ index, x: at }])
      expect(maxAbsDifference(alone!.gradient, together[index]!.gradient)).toBeLessThan(1e-6)
      for (let j = 0; j < at.length; j++) {
        const [up, down] = [1, -1].map((side) => {
          const moved = at.slice()
          moved[j]! += side * 0.01
          return evaluate([{ index, x: moved }])[0]!.value
        })
        expect(Math.abs((up! - down!) / 0.02 - together[index]!.gradient[j]!)).toBeLessThan(1e-4)
      }
    }
    dispose()
  })

  it("pools as the plain loops do", async () => {
    const { tf } = await tensorBackend()
    const query = Float32Array.from(parameters.subarray(0, width))
    const value = Float32Array.from(parameters.subarray(width, 2 * width))
    const offset = parameters[2 * width]!
    let loss = 0
    let begin = 0
    ends.forEach((end, i) => {
      const logit = pooled(x.subarray(begin * width, end * width), { query, value }) + offset
      loss += Math.log1p(Math.exp(i % 2 ? logit : -logit)) / ends.length
      begin = end
    })
    const { evaluate, dispose } = attentionObjectives(tf, { x, ends, width }, [[1, 0, 1, 0]], 0)
    expect(evaluate([{ index: 0, x: parameters }])[0]!.value).toBeCloseTo(loss, 5)
    dispose()
  })
})

describe("topEigenpair", () => {
  const n = 40
  const { normal } = random(0, "eigen")
  const raw = Matrix.from1DArray(n, n, Array.from({ length: n * n }, normal))
  const symmetric = raw.add(raw.transpose())
  const apply = (vector: Float64Array): Float64Array => {
    const product = symmetric.mmul(Matrix.columnVector([...vector]))
    return Float64Array.from(product.to1DArray())
  }

  it("is that of ml-matrix, though an eigenvalue below 0 is larger in magnitude", () => {
    const shift = 30
    const { value, vector, converged } = topEigenpair(
      (v) => apply(v).map((entry, i) => entry - shift * v[i]!),
      n,
    )
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, {
      assumeSymmetric: true,
    })
    const top = realEigenvalues.indexOf(Math.max(...realEigenvalues))
    expect(converged).toBe(true)
    expect(value).toBeCloseTo(realEigenvalues[top]! - shift, 9)
    expect(Math.min(...realEigenvalues) - shift).toBeLessThan(-Math.abs(value))
    const cosine = eigenvectorMatrix.getColumn(top).reduce((sum, entry, i) => sum + entry * vector[i]!, 0)
    expect(1 - Math.abs(cosine)).toBeLessThan(1e-10)
  })

  it("gives a unit vector where the operator is 0 and where it has few dimensions", () => {
    const zero = topEigenpair((v) => v.map(() => 0), 7)
    expect(zero.value).toBe(0)
    expect(Math.hypot(...zero.vector)).toBeCloseTo(1, 12)
    const rankOne = topEigenpair((v) => v.map((_, i) => (i === 2 ? 5 * v[2]! : 0)), 7)
    expect(rankOne.value).toBeCloseTo(5, 10)
    expect(Math.abs(rankOne.vector[2]!)).toBeCloseTo(1, 10)
  })
})

describe("vincDirection", () => {
  it("is the top eigenvector of the matrices of elk's EigenReporter, formed one by one", () => {
    const [count, d] = [30, 6]
    const { normal } = random(0, "vinc")
    const centred = (): Matrix => {
      const made = Matrix.from1DArray(count, d, Array.from({ length: count * d }, normal))
      return made.subRowVector(made.mean("column"))
    }
    const [yes, no] = [centred(), centred()]
    const covarianceOf = (a: Matrix, b: Matrix): Matrix => a.transpose().mmul(b).div(count)
    // fit_streaming: var_weight · intercluster_cov − neg_cov_weight · contrastive_xcov, weights 1 and 5.
    const matrix = covarianceOf(yes, yes)
      .add(covarianceOf(no, no))
      .sub(covarianceOf(yes, no).add(covarianceOf(no, yes)).mul(5))
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, {
      assumeSymmetric: true,
    })
    const top = realEigenvalues.indexOf(Math.max(...realEigenvalues))
    const { vector, value } = vincDirection({
      positive: Float32Array.from(yes.to1DArray()),
      negative: Float32Array.from(no.to1DArray()),
      count,
      width: d,
    })
    // Float32 inputs.
    expect(value).toBeCloseTo(realEigenvalues[top]!, 4)
    const cosine = eigenvectorMatrix.getColumn(top).reduce((sum, entry, i) => sum + entry * vector[i]!, 0)
    expect(1 - Math.abs(cosine)).toBeLessThan(1e-6)
  })
})

describe("kMeans", () => {
  it("finds groups that are far apart, and the same ones again", () => {
    const { normal, integer } = random(1, "groups")
    const groups = Array.from({ length: 60 }, () => integer(3))
    const data = Float32Array.from(groups.flatMap((group) => [10 * group + normal(), normal()]))
    const found = kMeans(data, { count: 60, width: 2, clusters: 3, seed: 0 })
    const names = new Map(groups.map((group, row) => [group, found.assignment[row]!]))
    expect(new Set(names.values()).size).toBe(3)
    expect(groups.every((group, row) => names.get(group) === found.assignment[row])).toBe(true)
    expect(kMeans(data, { count: 60, width: 2, clusters: 3, seed: 0 })).toEqual(found)
  })

  it("puts equal rows together, and refuses more clusters than rows", () => {
    const same = kMeans(new Float32Array(8).fill(2), { count: 4, width: 2, clusters: 3, seed: 0 })
    expect(new Set(same.assignment).size).toBe(1)
    expect(same.inertia).toBe(0)
    expect(() => kMeans(new Float32Array(4), { count: 2, width: 2, clusters: 3, seed: 0 })).toThrow(
      "k-means: expected 1 to 2 clusters for as many rows, got 3",
    )
  })
})

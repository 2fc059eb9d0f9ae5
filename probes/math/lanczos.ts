// The eigenvector of the largest eigenvalue (largest, not largest in magnitude) of a symmetric operator that is only
// ever applied to vectors: Lanczos iteration with full reorthogonalisation.
// Source: Golub and Van Loan, Matrix Computations, 4th edition, section 10.1

import { addScaled, dot } from "../../src/numbers/lists.ts"
import { random } from "../../src/base/random.ts"
import { topOfTridiagonal } from "./symmetric-eigen.ts"

export interface TopEigenpair {
  readonly value: number
  /** Of length 1; its sign is arbitrary. */
  readonly vector: Float64Array
  readonly steps: number
  readonly converged: boolean
}

export interface TopEigenpairOptions {
  /** Of the start; defaults to 0. */
  readonly seed?: number
  /** Where to start instead, not all zero, `[size]`: a good guess saves steps. */
  readonly start?: ArrayLike<number>
  /** Of the residual ‖Av − λv‖ relative to the operator's norm; defaults to 1e-9. */
  readonly tolerance?: number
  /** Defaults to 300, or `size` where that is less. */
  readonly maxSteps?: number
}

/**
 * Finds the top eigenpair.
 *
 * @param apply - the operator, `[size]` to `[size]`
 */
export function topEigenpair(
  apply: (vector: Float64Array) => Float64Array,
  size: number,
  { seed = 0, start, tolerance = 1e-9, maxSteps = 300 }: TopEigenpairOptions = {},
): TopEigenpair {
  const limit = Math.min(size, maxSteps)
  const { normal } = random(seed, "lanczos")
  let vector = unit(start ? Float64Array.from(start) : Float64Array.from({ length: size }, normal))
  const basis: Float64Array[] = []
  const diagonal: number[] = []
  const beside: number[] = []
  for (;;) {
    basis.push(vector)
    const next = apply(vector)
    diagonal.push(dot(next, vector))
    // Twice is enough (Kahan and Parlett).
    for (let round = 0; round < 2; round++)
      for (const other of basis) addScaled(next, -dot(next, other), other)
    const rest = Math.sqrt(dot(next, next))
    const steps = basis.length
    const scale = diagonal.reduce(
      (largest, value) => Math.max(largest, Math.abs(value)),
      Math.max(rest, ...beside, 0),
    )
    const exhausted = steps === limit || rest <= 1e-14 * scale
    if (exhausted || steps % 10 === 0) {
      const { value, vector: inBasis } = topOfTridiagonal(diagonal, beside)
      const residual = rest * Math.abs(inBasis[steps - 1]!)
      const converged = residual <= tolerance * scale || steps === size
      if (converged || exhausted) {
        const combined = new Float64Array(size)
        basis.forEach((member, k) => addScaled(combined, inBasis[k]!, member))
        return { value, vector: unit(combined), steps, converged: converged || rest <= 1e-14 * scale }
      }
    }
    beside.push(rest)
    vector = next.map((entry) => entry / rest)
  }
}

function unit(vector: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const norm = Math.sqrt(dot(vector, vector))
  return vector.map((entry) => entry / norm)
}

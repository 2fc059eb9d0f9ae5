// Student's t distribution: quantiles for intervals with few degrees of freedom.

import { LitmusError } from "../base/errors.ts"

/**
 * The p-quantile of Student's t.
 *
 * @param p - in (0, 1)
 * @param df - degrees of freedom, above 0, need not be an integer; Infinity for the normal distribution
 * @throws {LitmusError} if either is out of range
 */
export function studentQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1)) throw new LitmusError(`p: expected a number between 0 and 1, got ${p}`)
  if (!(df > 0)) throw new LitmusError(`degrees of freedom: expected a positive number, got ${df}`)
  if (p < 0.5) return -studentQuantile(1 - p, df)
  if (df > 1e6) {
    // Quantiles are linear in 1 / df there, to 1e-10.
    const [at, beyond] = [studentQuantile(p, 1e5), studentQuantile(p, 2e5)]
    return beyond + (beyond - at) * (1 - 2e5 / df)
  }
  // Bisection of the tail: exact to the last digits that any interval shows.
  let low = 0
  let high = 1
  while (studentTail(high, df) > 1 - p) high *= 2
  for (let i = 0; i < 100 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2
    if (studentTail(middle, df) > 1 - p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(T > t) for t ≥ 0. */
function studentTail(t: number, df: number): number {
  return incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2
}

/** The regularised incomplete beta function, by its continued fraction (Lentz). Source: DLMF 8.17.22. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast on this side only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  const tiny = 1e-300
  let c = 1
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || tiny)
  let fraction = d
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    let step = 1
    for (const term of [even, odd]) {
      d = 1 / (1 + term * d || tiny)
      c = 1 + term / c || tiny
      step = c * d
      fraction *= step
    }
    if (Math.abs(step - 1) < 1e-15) break
  }
  return (front * fraction) / a
}

/** log Γ(x) for x > 0: Stirling's series, after x is raised above 20. */
function logGamma(x: number): number {
  let shift = 0
  let z = x
  while (z < 20) shift += Math.log(z++)
  const s = 1 / (z * z)
  const series = (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188)))) / z
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - shift
}

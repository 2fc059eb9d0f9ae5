import { addScaled, dot } from "../../src/numbers/lists.ts"
// Limited-memory BFGS with a line search for the strong Wolfe conditions: minimises a smooth function.
// Source: Nocedal and Wright, Numerical Optimization, 2nd edition, algorithms 7.4, 7.5, 3.5 and 3.6; close to the
// minimum the approximate Wolfe conditions of Hager and Zhang 2005, SIAM J. Optim. 16(1), 170–192.

/** Returns the value at `x` and writes its gradient. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

export interface MinimiseOptions {
  /** Stop once the largest entry of the gradient is no larger than this. */
  readonly tolerance: number
  readonly maxIterations: number
  /** Steps remembered; defaults to 10. */
  readonly memory?: number
  /** Multiplies in place by a guess at the inverse Hessian; by default a multiple of the identity from the last step. */
  readonly precondition?: (vector: Float64Array) => void
}

export interface Minimum {
  readonly solution: Float64Array
  readonly value: number
  readonly iterations: number
  readonly converged: boolean
}

const sufficientDecrease = 1e-4
const curvature = 0.9
// What rounding leaves uncertain of a value, relative to it.
const rounding = 1e-14

/** A function's value and gradient at a point. */
export interface Evaluated {
  readonly value: number
  readonly gradient: Float64Array<ArrayBuffer>
}

/** Asks for the function at one point after the other. */
type Minimisation<Result> = Generator<Float64Array, Result, Evaluated>

/** Minimises `objective` from `start`. */
export function minimise(objective: Objective, start: Float64Array, options: MinimiseOptions): Minimum {
  const [minimum] = minimiseTogether(
    (points) =>
      points.map(({ x }) => {
        const gradient = new Float64Array(x.length)
        return { value: objective(x, gradient), gradient }
      }),
    [start],
    options,
  )
  return minimum!
}

/**
 * Minimises functions side by side, each as if it were alone.
 *
 * @param evaluate - values and gradients at points of some of the functions, in one call: what they share, as a pass over
 *   the same data, is done once. `index` says which function a point is of
 * @param starts - one for each function
 */
export function minimiseTogether(
  evaluate: (points: readonly { readonly index: number; readonly x: Float64Array }[]) => readonly Evaluated[],
  starts: readonly Float64Array[],
  options: MinimiseOptions,
): Minimum[] {
  const runs = starts.map((start) => minimisation(start, options))
  const minima: Minimum[] = []
  let asking = runs.map((run, index) => ({ index, x: run.next().value as Float64Array }))
  while (asking.length > 0) {
    const answers = evaluate(asking)
    asking = asking.flatMap(({ index }, k) => {
      const next = runs[index]!.next(answers[k]!)
      if (!next.done) return [{ index, x: next.value }]
      minima[index] = next.value
      return []
    })
  }
  return minima
}

function* minimisation(
  start: Float64Array,
  { tolerance, maxIterations, memory = 10, precondition }: MinimiseOptions,
): Minimisation<Minimum> {
  let x = start.slice()
  let { value, gradient } = yield x
  const steps: Float64Array[] = []
  const changes: Float64Array[] = []
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (maxAbs(gradient) <= tolerance) return { solution: x, value, iterations: iteration, converged: true }
    let direction = descent(gradient, steps, changes, precondition)
    if (!(dot(direction, gradient) < 0)) {
      steps.length = changes.length = 0
      direction = gradient.map((entry) => -entry)
    }
    const first = steps.length > 0 || precondition ? 1 : Math.min(1, 1 / Math.sqrt(dot(gradient, gradient)))
    const found = yield* lineSearch(x, value, gradient, direction, first)
    if (!found) {
      // Rounding hides any further descent: as low as float64 goes.
      return { solution: x, value, iterations: iteration, converged: maxAbs(gradient) <= tolerance * 100 }
    }
    steps.push(found.x.map((entry, j) => entry - x[j]!))
    changes.push(found.gradient.map((entry, j) => entry - gradient[j]!))
    if (steps.length > memory) {
      steps.shift()
      changes.shift()
    }
    ;({ x, value, gradient } = found)
  }
  return { solution: x, value, iterations: maxIterations, converged: false }
}

/** −H · gradient by the two-loop recursion. */
function descent(
  gradient: Float64Array,
  steps: Float64Array[],
  changes: Float64Array[],
  precondition: ((vector: Float64Array) => void) | undefined,
): Float64Array<ArrayBuffer> {
  const q = gradient.map((entry) => -entry)
  const alphas: number[] = []
  for (let k = steps.length - 1; k >= 0; k--) {
    const alpha = dot(steps[k]!, q) / dot(steps[k]!, changes[k]!)
    alphas[k] = alpha
    addScaled(q, -alpha, changes[k]!)
  }
  const last = steps.length - 1
  if (precondition) precondition(q)
  else if (last >= 0) {
    const scale = dot(steps[last]!, changes[last]!) / dot(changes[last]!, changes[last]!)
    for (let j = 0; j < q.length; j++) q[j]! *= scale
  }
  for (let k = 0; k < steps.length; k++) {
    const beta = dot(changes[k]!, q) / dot(steps[k]!, changes[k]!)
    addScaled(q, alphas[k]! - beta, steps[k]!)
  }
  return q
}

interface Point {
  readonly x: Float64Array<ArrayBuffer>
  readonly value: number
  readonly gradient: Float64Array<ArrayBuffer>
}

/** A step along `direction` that meets the strong Wolfe conditions, or the best seen; undefined if none descends. */
function* lineSearch(
  x: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
  first: number,
): Minimisation<Point | undefined> {
  const slope = dot(gradient, direction)
  let low = { t: 0, value, slope }
  let high: { t: number; value: number; slope: number } | undefined
  let best: (Point & { t: number }) | undefined
  let t = first
  for (let trial = 0; trial < 30; trial++) {
    const there = Float64Array.from(x, (entry, j) => entry + t * direction[j]!)
    const evaluated = yield there
    const point = { ...evaluated, t, x: there, slope: dot(evaluated.gradient, direction) }
    // So near the minimum that the values are equal but for rounding, the slopes alone tell how far it is.
    if (
      Math.abs(point.value - value) <= rounding * Math.abs(value) &&
      Math.abs(point.slope) <= -curvature * slope &&
      point.slope <= (2 * sufficientDecrease - 1) * slope
    ) {
      return point
    }
    const descends = point.value <= value + sufficientDecrease * t * slope
    if (descends && (!best || point.value < best.value)) best = point
    if (!descends || point.value >= low.value) {
      high = point
    } else {
      if (Math.abs(point.slope) <= -curvature * slope) return point
      if (point.slope * ((high?.t ?? Infinity) - low.t) >= 0) high = low
      low = point
    }
    t = high ? between(low, high) : t * 2
    if (high && Math.abs(high.t - low.t) < 1e-14 * Math.abs(high.t)) break
  }
  return best
}

/** Where the cubic through two points and their slopes is least, kept away from both. */
function between(
  a: { t: number; value: number; slope: number },
  b: { t: number; value: number; slope: number },
): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.t - b.t)
  const d2 = Math.sign(b.t - a.t) * Math.sqrt(Math.max(0, d1 * d1 - a.slope * b.slope))
  const cubic = b.t - ((b.t - a.t) * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2)
  const margin = 0.1 * Math.abs(b.t - a.t)
  const lowest = Math.min(a.t, b.t) + margin
  const highest = Math.max(a.t, b.t) - margin
  return cubic >= lowest && cubic <= highest ? cubic : (a.t + b.t) / 2
}

function maxAbs(a: Float64Array): number {
  let largest = 0
  for (const entry of a) {
    if (Number.isNaN(entry)) return Infinity
    largest = Math.max(largest, Math.abs(entry))
  }
  return largest
}

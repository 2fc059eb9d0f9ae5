// How the loss went over the steps of a training, in few enough points to be kept with every result.

import type { LogEntry } from "./training-log.ts"

/** Accuracy and loss of the training so far, at a look at the held-out pairs. */
export interface CurvePoint {
  /** Steps done. */
  readonly step: number
  /** Mean over the steps since the point before. */
  readonly loss: number
  /** On the held-out pairs that choose the step; null where there are none, its loss null where it is not finite. */
  readonly heldOut: { readonly accuracy: number; readonly loss: number | null } | null
}

/** A longer curve is thinned to this. */
const mostPoints = 40

/**
 * The curve of a training.
 *
 * @param log - of all its steps
 * @param evaluateEvery - steps between points where no pairs are held out
 */
export function trainingCurve(log: readonly LogEntry[], evaluateEvery: number): CurvePoint[] {
  const isLook = ({ validation }: LogEntry, i: number): boolean =>
    validation !== undefined || (i + 1) % evaluateEvery === 0 || i === log.length - 1
  const looks = log.flatMap((entry, i) => (isLook(entry, i) ? [i] : []))
  const stride = Math.ceil(looks.length / mostPoints)
  const kept = looks.filter((_, k) => (looks.length - 1 - k) % stride === 0)
  return kept.map((last, k) => {
    const since = log.slice(k === 0 ? 0 : kept[k - 1]! + 1, last + 1)
    const { validation } = log[last]!
    return {
      step: last + 1,
      loss: since.reduce((sum, { loss }) => sum + loss, 0) / since.length,
      heldOut: validation ? { accuracy: validation.accuracy, loss: finite(validation.loss) } : null,
    }
  })
}

// A log that was read back has null for a loss that is not finite.
function finite(loss: number | null): number | null {
  return loss !== null && Number.isFinite(loss) ? loss : null
}

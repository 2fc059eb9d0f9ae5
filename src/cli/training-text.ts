// What a training came to, as text for a terminal: the rates that were tried, the curve, and whether it learned.

import type { RungEntry } from "../tuning/choose-rate.ts"
import type { CurvePoint } from "../tuning/training-curve.ts"
import type { TrainingRecord } from "../tuning/training-record.ts"
import { plainText } from "./plain-text.ts"
import { percent, renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

/** Everything about one training. */
export function renderTraining(record: TrainingRecord, source: string): string {
  const { kind, pairs, steps, step, trainingAccuracy, learningRate, heldOutAccuracy, reportPairs } = record
  const held =
    heldOutAccuracy === null
      ? ""
      : `; of ${reportPairs} pairs that no choice has seen it gets ${percent(heldOutAccuracy)} % right`
  const line =
    `${kind} on ${source}: ${pairs} pairs, ${steps} steps at a learning rate of ${learningRate}, kept step ${step}: ` +
    `training accuracy ${percent(trainingAccuracy)} %${held}`
  return [
    ...renderTrials(record),
    wrap(plainText(line)),
    ...curveLines(record.curve),
    ...warnings(record).map((warning) => wrap(warning)),
  ]
    .map((text) => `${text}\n`)
    .join("")
}

/** The rates that were tried, and which was chosen; nothing where none were. */
export function renderTrials({ tried = [], learningRate, heldOutPairs }: TrainingRecord): string[] {
  if (tried.length === 0) return []
  const rows = tried.map(({ learningRate: rate, steps, loss, accuracy }: RungEntry) => [
    String(rate),
    String(steps),
    loss === null ? "diverged" : loss.toFixed(4),
    percent(accuracy),
  ])
  return [
    renderTable(["learning rate", "steps", "held-out\nloss", "held-out\naccuracy %"], rows),
    wrap(
      `chosen: ${learningRate}, by the loss on ${heldOutPairs} held-out pairs; the better half of the rates goes on for longer`,
    ),
  ]
}

/** The losses over the steps, a line for the training pairs and one for those that choose the step. */
export function curveLines(curve: readonly CurvePoint[]): string[] {
  const training = curve.map(({ loss }) => loss)
  const heldOut = curve.map(({ heldOut: look }) => look?.loss ?? null)
  const series = [
    ["training loss", training],
    ...(heldOut.some((loss) => loss !== null) ? [["held-out loss", heldOut] as const] : []),
  ] as const
  const scale = rangeOfLosses(curve)
  return series.map(([name, losses]) => `${name.padEnd(14)} ${sparkline(losses, scale)}  ${ends(losses)}`)
}

/** The smallest and the largest loss of a curve, of training and held-out pairs alike: what both are drawn between. */
export function rangeOfLosses(curve: readonly CurvePoint[]): { low: number; high: number } {
  const known = curve.flatMap(({ loss, heldOut }) => [loss, heldOut?.loss ?? loss])
  return { low: Math.min(...known), high: Math.max(...known) }
}

/** What a reader of the figures has to know: that it did not learn, or that this cannot be told. */
export function warnings({ lossFell, heldOutLoss }: TrainingRecord): string[] {
  if (lossFell === null) {
    return ["No pairs were held out: whether it learned is not known, and probabilities are not calibrated."]
  }
  if (lossFell) return []
  const loss = heldOutLoss === null ? "not finite" : heldOutLoss.toFixed(4)
  return [
    `Warning: it did not learn. Its loss on pairs that no choice has seen is ${loss}, a coin's ${Math.LN2.toFixed(4)}.`,
  ]
}

const blocks = "▁▂▃▄▅▆▇█"

/** A block for each value, higher for larger; a gap where there is none. */
export function sparkline(
  values: readonly (number | null)[],
  { low, high }: { low: number; high: number },
): string {
  const heightOf = (value: number): number =>
    high > low ? Math.round(((value - low) / (high - low)) * (blocks.length - 1)) : 0
  return values.map((value) => (value === null ? " " : blocks[heightOf(value)]!)).join("")
}

function ends(losses: readonly (number | null)[]): string {
  const known = losses.flatMap((loss) => loss ?? [])
  const [first, last] = [known[0], known.at(-1)]
  return first === undefined || last === undefined ? "" : `${first.toFixed(3)} → ${last.toFixed(3)}`
}

// The table of a transfer as text for a terminal.

import { caveats } from "../../probes/contract/caveats.ts"
import { traitsOf } from "../benchmark/interventions/registry.ts"
import type { NullBand } from "../benchmark/evaluate.ts"
import type { TransferResult } from "../benchmark/transfer.ts"
import { chanceLine } from "./chance-line.ts"
import { thousands } from "./progress.ts"
import { plainText } from "./plain-text.ts"
import { decimal, percent, renderTable } from "./table.ts"
import { curveLines } from "./training-text.ts"
import { wrap } from "./wrap.ts"

/** The table of an intervention's targets, with what must be known of it beneath. */
export function renderTransfer(result: TransferResult, baselines: readonly TransferResult[] = []): string {
  const { intervention, source, mixture, fitted, sourceEvaluation, targets } = result
  const hasBand = targets.some(({ nullBand }) => nullBand)
  const header = [
    "target",
    "pairs",
    "too long",
    "accuracy %\nper pair",
    "95 %\ninterval",
    ...(hasBand ? ["null\nband"] : []),
    ...baselines.map((baseline) => traitsOf(baseline.intervention).header ?? baseline.intervention),
    "per\nprompt",
    "AUROC",
    "source\naccuracy %",
    "calibration\nerror",
    "as in\n2023",
    "Brier",
    "agrees with\nlonger %",
    ...(targets.some(({ yes }) => yes) ? ["prefers\nYes %", "Yes is\nright %", "balanced\naccuracy %"] : []),
  ]
  const rows = targets.map((target, i) => [
    target.distribution,
    thousands(target.pairs),
    thousands(target.skippedPairs),
    `${percent(target.accuracy.estimate)}${target.accuracyOf === "responses" ? " §" : ""}`,
    `${percent(target.accuracy.low)} – ${percent(target.accuracy.high)}${target.accuracy.unit === "item" ? "*" : ""}`,
    ...(hasBand ? [bandText(target.nullBand)] : []),
    ...baselines.map((baseline) => percent(baseline.targets[i]?.accuracy.estimate)),
    percent(target.promptAccuracy),
    `${decimal(target.auroc)}${target.aurocOf === "pairs" ? " ‡" : ""}`,
    percent(sourceEvaluation.accuracy.estimate),
    decimal(target.rmsCalibrationError),
    decimal(target.rmsCalibrationErrorGenies2023),
    decimal(target.brierScore),
    percent(target.agreementWithLonger),
    ...(target.yes
      ? [target.yes.preferred, target.yes.right, target.yes.balancedAccuracy].map((share) => percent(share))
      : []),
  ])
  const note = targets.some(({ accuracy }) => accuracy.unit === "item")
    ? "\n* all pairs are of one prompt, and are taken for independent"
    : ""
  const ofPairs = targets.some(({ aurocOf }) => aurocOf === "pairs")
    ? "\n‡ of pairs in both orders: this intervention scores pairs, not single responses"
    : ""
  const ofResponses = targets.some(({ accuracyOf }) => accuracyOf === "responses")
    ? "\n§ of single responses; the other figures are of pairs and responses in that orientation"
    : ""
  const curve = result.training ? `${curveLines(result.training.curve).join("\n")}\n` : ""
  const added = mixture ? ` with ${percent(mixture.share)} % of ${mixture.target} beside it` : ""
  return `\n${intervention}, fitted on ${plainText(source + added)}\n${wrap(plainText(fitted))}\n${curve}${renderTable(header, rows)}${note}${ofPairs}${ofResponses}${caveatLine(result)}${bandLine(result)}${chanceLine(targets)}${seenLines(result)}${detectableLine(result)}`
}

function bandText(band: NullBand | null): string {
  return band ? `${percent(band.low)} – ${percent(band.high)}` : "–"
}

/** What the null band is made of. */
function bandLine({ intervention, targets }: TransferResult): string {
  const draws = targets.find(({ nullBand }) => nullBand)?.nullBand?.draws
  if (draws === undefined) return ""
  const what = traitsOf(intervention).drawsOwnBand
    ? `its ${draws} draws`
    : `${draws} fits on the source with its labels shuffled, selection included,`
  return `\n${wrap(`null band: 95 % of ${what} lie in it`)}`
}

function caveatLine({ intervention }: TransferResult): string {
  const caveat = caveats[intervention]
  return caveat === undefined ? "" : `\n${wrap(`${intervention}: ${caveat}`)}`
}

/** Test prompts that were trained on, a line for each target that has any. */
function seenLines({ seen }: TransferResult): string {
  const lines = seen.flatMap(({ distribution, seen: n, examples, dropped }) => {
    if (n === null || n === 0) return []
    const what = `${distribution}: ${thousands(n)} of ${thousands(examples)} test prompts were trained on`
    return dropped
      ? [`${what} and are left out`]
      : [`${what}: accuracy on them is not about new prompts (--drop-seen leaves them out)`]
  })
  return lines.map((line) => `\n${wrap(plainText(line))}`).join("")
}

/** How far from chance an accuracy must be for these test splits to show it. */
function detectableLine({ targets }: TransferResult): string {
  const known = targets.flatMap(({ distribution, detectable }) =>
    detectable === null ? [] : [`${plainText(distribution)} ${percent(detectable)}`],
  )
  if (known.length === 0) return ""
  return `\n${wrap(`shown with a chance of 80 %: an accuracy that is this many points from 50 %: ${known.join(", ")}`)}`
}

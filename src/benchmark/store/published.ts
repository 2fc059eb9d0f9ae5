// The published tables of LLaMA-30B, 13B, 7B and OpenLLaMA-3B, shipped with the package, so that they can stand beside
// one's own without the release. What needs single pairs (intervals over prompts, conditional elicitation, agreement)
// needs an import of the release instead: see import-results.ts.

import { unknownName } from "../../base/errors.ts"
import { interventionOf } from "./places.ts"
import { withoutGaps, type SuiteRow } from "./suite-rows.ts"

/** The models with published tables. */
export const publishedModels = ["openllama-3b", "llama-7b", "llama-13b", "llama-30b"] as const

/**
 * The published rows of a model by intervention: the 56 distinct shifts, labels as released.
 *
 * @throws {LitmusError} for a model without published tables
 */
export async function publishedRows(model: string): Promise<ReadonlyMap<string, readonly SuiteRow[]>> {
  const { publishedFigures } = await import("./published-figures.ts")
  for (const block of publishedFigures.trim().split("\n\n")) {
    const [head = "", ...lines] = block.split("\n")
    const [name, ...folders] = head.split(" ")
    if (name === model) {
      return new Map(
        folders.map((folder, i) => [interventionOf(folder), lines.map((line) => rowOf(line, i))]),
      )
    }
  }
  throw unknownName("published model", model, publishedModels)
}

/** The row of the intervention that stands at a place of a line. */
function rowOf(line: string, place: number): SuiteRow {
  const [source = "", target = "", reference = "", capable, capabilityBy, ...figures] = line.split(" ")
  const number = (text: string | undefined): number | undefined => (text === "-" ? undefined : Number(text))
  const accuracy = Number(figures[3 * place])
  const zeroShot = Number(figures[0])
  const capability = Number(capable)
  return withoutGaps({
    source,
    target,
    targetReference: reference === "-" ? target : reference,
    accuracy,
    zeroShot,
    zeroShotBy: "zero_shot",
    capability,
    capabilityBy,
    sourceAccuracy: number(figures[3 * place + 1]),
    rmsCalibrationErrorGenies2023: number(figures[3 * place + 2]),
    differentialElicitation: (accuracy - zeroShot) / capability,
  })
}

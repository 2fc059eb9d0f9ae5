// What chance gets, where that is not a half.

import type { Evaluation } from "../benchmark/evaluate.ts"
import { plainText } from "./plain-text.ts"
import { percent } from "./table.ts"
import { wrap } from "./wrap.ts"

/** A line under a table of evaluations; nothing where chance is a half everywhere. */
export function chanceLine(targets: readonly Pick<Evaluation, "distribution" | "chance">[]): string {
  const [perPair, perPrompt] = (["pairs", "prompts"] as const).map((what) =>
    targets.flatMap(({ distribution, chance }) =>
      Math.abs(chance[what] - 0.5) < 5e-4 ? [] : [`${plainText(distribution)} ${percent(chance[what])}`],
    ),
  )
  const parts = [
    ...(perPair!.length > 0 ? [`per pair: ${perPair!.join(", ")}`] : []),
    ...(perPrompt!.length > 0 ? [`per prompt: ${perPrompt!.join(", ")}`] : []),
  ]
  return parts.length > 0 ? `\n${wrap(`% by chance ${parts.join("; ")}`)}` : ""
}

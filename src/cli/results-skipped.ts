// The shifts of a table that have no result.

import type { Shift } from "../data/index.ts"
import { plainText } from "./plain-text.ts"
import { renderTable } from "./table.ts"

/** Shifts without a result, each once with its reason and what it was skipped by. */
export function renderSkipped(
  skipped: readonly { intervention: string; shift: Shift; reason: string }[],
): string {
  if (skipped.length === 0) return ""
  const byShift = new Map<string, { reason: string; interventions: string[] }>()
  for (const { intervention, shift, reason } of skipped) {
    const name = `${shift.source} → ${shift.target}`
    const known = byShift.get(name)
    if (known) known.interventions.push(intervention)
    else byShift.set(name, { reason, interventions: [intervention] })
  }
  const rows = [...byShift].map(([name, { reason, interventions }]) => [
    plainText(name),
    interventions.length > 4
      ? `${interventions.slice(0, 3).join(", ")} and ${interventions.length - 3} more`
      : interventions.join(", "),
    plainText(reason.length > 90 ? `${reason.slice(0, 89)}…` : reason),
  ])
  return `\n${renderTable(["skipped", "by", "because"], rows)}\n`
}

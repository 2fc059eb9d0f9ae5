// Sweeps over all shifts of a suite: several probes, each fitted at every layer or head alone on every source, and tested
// on all of the source's targets. Activations are extracted once for all probes that read at the same places.

import type { Probe } from "../../probes/contract/probe.ts"
import type { Shift } from "../data/index.ts"
import { UnusableDataError } from "../base/errors.ts"
import { resolveOptions } from "../base/options.ts"
import { sweepTargets, type SweepPoint } from "./sweep.ts"
import { extractingTogether, type Workbench } from "./workbench/workbench.ts"

/** One probe on one shift. */
export interface ShiftSweep {
  readonly probe: string
  readonly source: string
  readonly target: string
  readonly points: readonly SweepPoint[]
}

export interface SkippedSweep {
  readonly source: string
  readonly target: string
  readonly reason: string
}

/**
 * Sweeps probes over shifts.
 *
 * @param probes - each with options of its own; all must have an option `on`
 * @param what.on - the units: `resid`, `heads`, `mlp`, or some of them
 * @param what.onProgress - called with sources done, over all probes, and in all
 * @returns a sweep for every probe and shift, and the shifts of which too little fits the model's context
 */
export async function sweepSuite(
  bench: Workbench,
  probes: readonly { probe: Probe; options: Readonly<Record<string, unknown>> }[],
  shifts: readonly Shift[],
  { on, onProgress }: { on: string; onProgress?: (done: number, total: number) => void },
): Promise<{ sweeps: ShiftSweep[]; skipped: SkippedSweep[] }> {
  const needs = probes.map(({ probe, options }) =>
    probe.needs(resolveOptions(probe.name, probe.options, { ...options, on })),
  )
  const together = extractingTogether(bench, needs)
  const sources = [...new Set(shifts.map(({ source }) => source))]
  const skipped = new Map<string, SkippedSweep>()
  const sweeps: ShiftSweep[] = []
  let done = 0
  // Source by source: what is read of one serves all probes.
  for (const source of sources) {
    for (const { probe, options } of probes) {
      const targets: string[] = []
      for (const { target } of shifts.filter((shift) => shift.source === source)) {
        const reason = await unusable(together, probe, { source, target, on, options })
        if (reason === undefined) targets.push(target)
        else skipped.set(`${source} ${target}`, { source, target, reason })
      }
      if (targets.length > 0) {
        try {
          const points = await sweepTargets(together, probe, { source, targets, on, options })
          sweeps.push(
            ...targets.map((target, k) => ({
              probe: probe.name,
              source,
              target,
              points: points.map(({ unit, source: own, targets: all }) => {
                return { unit, source: own, target: all[k]! }
              }),
            })),
          )
        } catch (error) {
          // Too few of the source's examples fit the context to fit anything on them.
          if (!(error instanceof UnusableDataError)) throw error
          for (const target of targets) {
            skipped.set(`${source} ${target}`, { source, target, reason: error.message })
          }
        }
      }
      onProgress?.(++done, sources.length * probes.length)
    }
  }
  return { sweeps, skipped: [...skipped.values()] }
}

/** Why a probe cannot be fitted on a source or tested on a target; undefined if it can. */
async function unusable(
  bench: Workbench,
  probe: Probe,
  {
    source,
    target,
    on,
    options,
  }: { source: string; target: string; on: string; options: Readonly<Record<string, unknown>> },
): Promise<string | undefined> {
  const needs = probe.needs(resolveOptions(probe.name, probe.options, { ...options, on }))
  try {
    await bench.activations(await bench.distribution(source, "train"), needs)
    await bench.activations(await bench.distribution(target, "test"), needs)
    return undefined
  } catch (error) {
    if (error instanceof UnusableDataError) return error.message
    throw error
  }
}

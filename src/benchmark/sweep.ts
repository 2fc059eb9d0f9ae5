// A sweep: one probe fitted at every layer or head alone, each tested on held-out pairs of the source and, where one is
// given, of a target. It shows where a model knows; a layer chosen by the target's column has seen the target.

import { measure } from "./evaluate.ts"
import type { ActivationSet } from "../../activations/activation-set.ts"
import type { Matrix } from "../../activations/cache/index.ts"
import type { FittedProbe, Probe } from "../../probes/contract/probe.ts"
import { unitsAt } from "../../probes/fit/selection.ts"
import { unitName } from "../base/sites.ts"
import { type Distribution } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import type { AccuracyInterval } from "../metrics/index.ts"
import { resolveOptions } from "../base/options.ts"
import type { Workbench } from "./workbench/workbench.ts"

export interface SweepPoint {
  /** `resid.3`, `heads.3#2`. */
  readonly unit: string
  /** Per pair, on the source's test split. */
  readonly source: AccuracyInterval
  /** Per pair, on the target's test split; null without a target. */
  readonly target: AccuracyInterval | null
}

/**
 * Fits a probe at each unit and tests it.
 *
 * @param what.on - the units, as `resid` or `heads`; defaults to the probe's own
 * @param what.options - of the probe, checked here; `on` and `k` are the sweep's
 * @param what.onProgress - called with units done and in all
 * @throws {LitmusError} if the probe has no choice of where to read
 */
export async function sweep(
  bench: Workbench,
  probe: Probe,
  { target, ...what }: SweepTask & { readonly target?: string | undefined },
): Promise<SweepPoint[]> {
  const points = await sweepTargets(bench, probe, {
    ...what,
    targets: target === undefined ? [] : [target],
  })
  return points.map(({ unit, source, targets }) => ({ unit, source, target: targets[0] ?? null }))
}

/** What to fit, where and on what; see {@link sweep}. */
export interface SweepTask {
  readonly source: string
  readonly on?: string | undefined
  readonly options?: Readonly<Record<string, unknown>>
  readonly onProgress?: (done: number, total: number) => void
}

/** The same on several targets: fitted once at each unit. `targets` of a point is parallel to those asked for. */
export async function sweepTargets(
  bench: Workbench,
  probe: Probe,
  what: SweepTask & { readonly targets: readonly string[] },
): Promise<{ unit: string; source: AccuracyInterval; targets: AccuracyInterval[] }[]> {
  if (!canSweep(probe)) {
    throw new LitmusError(
      `sweep: ${probe.name} does not read at one layer or head of several (it has no option "on")`,
    )
  }
  const { on, k: _, ...given } = what.options ?? {}
  const values = resolveOptions(probe.name, probe.options, { ...given, on: what.on ?? on })
  const needs = probe.needs(values)
  const train = await bench.distribution(what.source, "train")
  const tests: Distribution[] = []
  for (const id of [what.source, ...what.targets]) tests.push(await bench.distribution(id, "test"))
  const source = readingOnce(await bench.activations(train, needs))
  const targets: { distribution: Distribution; set: ActivationSet }[] = []
  for (const distribution of tests) {
    targets.push({ distribution, set: readingOnce(await bench.activations(distribution, needs)) })
  }
  const points: { unit: string; source: AccuracyInterval; targets: AccuracyInterval[] }[] = []
  const units = unitsAt(source, String(values.on))
  for (const [done, unit] of units.entries()) {
    const name = unitName(unit)
    const fitted = await probe.fit(source, { ...values, on: name, seed: bench.seed })
    const accuracies: AccuracyInterval[] = []
    for (const target of targets) accuracies.push(await accuracyOn(target, fitted))
    points.push({ unit: name, source: accuracies[0]!, targets: accuracies.slice(1) })
    what.onProgress?.(done + 1, units.length)
  }
  return points
}

/** Whether a probe can be told where to read. */
export function canSweep(probe: Probe): boolean {
  return "on" in probe.options
}

async function accuracyOn(
  { distribution, set }: { distribution: Distribution; set: ActivationSet },
  fitted: FittedProbe,
): Promise<AccuracyInterval> {
  const { evaluation } = await measure(distribution, async (asked) => {
    const pairs = set.scorable(asked)
    const { logits, probabilities } = await fitted.scorePairs(set, pairs)
    return { pairs, logits, probabilities }
  })
  return evaluation.accuracy
}

/** The set with the site that was read last kept: the heads of a layer read it one after another. */
function readingOnce(set: ActivationSet): ActivationSet {
  let held: { site: string; matrix: Promise<Matrix> } | undefined
  return {
    ...set,
    matrix(site) {
      if (held?.site !== site) held = { site, matrix: set.matrix(site) }
      return held.matrix
    },
  }
}

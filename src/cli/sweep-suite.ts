// litmus sweep --suite: several probes at every layer or head, averaged over the shifts of a suite.

import { findProbe, probes } from "../../probes/registry.ts"
import { sweepSuite, type ShiftSweep } from "../benchmark/sweep-suite.ts"
import { canSweep } from "../benchmark/sweep.ts"
import { openWorkbench } from "../benchmark/workbench/workbench.ts"
import { readSuite, type Task } from "../data/index.ts"
import { LitmusError } from "../base/errors.ts"
import { printJson, progressOf, type CommonOptions, type ModelOptions } from "./common.ts"
import { keepFigure, type KeepOptions } from "./keep-figure.ts"
import { plainText } from "./plain-text.ts"
import { percent, renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

/** Options of litmus sweep, with a suite or without. */
export interface SweepOptions extends CommonOptions, ModelOptions, KeepOptions {
  readonly adapter?: string
  readonly data: string
  readonly source?: string
  readonly intervention: readonly string[]
  readonly target?: string
  readonly suite?: string
  readonly task?: Task
  readonly on?: string
  readonly set?: Readonly<Record<string, Record<string, string>>>
}

/** Runs it; `options.suite` is there. */
export async function runSweepSuite(options: SweepOptions & { readonly suite: string }): Promise<void> {
  const { suite, set = {}, on = "resid", source, target, seed, task: what } = options
  if (source !== undefined || target !== undefined) {
    throw new LitmusError("sweep: --suite names the sources and targets: leave out --source and --target")
  }
  const named = options.intervention.filter((name) => name !== "all").map(findProbe)
  const isAll = named.length < options.intervention.length
  const chosen = isAll ? [...new Set([...probes.filter(canSweep), ...named])] : named
  const stray = Object.keys(set).find((name) => chosen.every((probe) => probe.name !== name))
  if (stray !== undefined) throw new LitmusError(`--set ${stray}.…: ${stray} is not among the interventions`)
  const shifts = await readSuite(suite)
  const progress = progressOf(options)
  const bench = await openWorkbench({ ...options, progress })
  const task = progress.task(`sweep of ${suite}`, "fits of a source")
  const asked = chosen.map((probe) => ({ probe, options: set[probe.name] ?? {} }))
  const { sweeps, skipped } = await sweepSuite(bench, asked, shifts, { on, onProgress: task.update }).finally(
    () => task.end(),
  )
  if (sweeps.length === 0) throw new LitmusError(`${suite}: ${skipped[0]?.reason ?? "no shift"}`)
  for (const { probe, source: from, target: to, points } of sweeps) {
    const result = { probe, source: from, target: to, on, seed, points }
    const question = [probe, on, from, to, set[probe] ?? {}, seed, what ?? null]
    await keepFigure(options, { kind: "sweeps", question }, result)
  }
  if (options.json) printJson({ suite, on, seed, sweeps, skipped })
  else process.stdout.write(renderSuiteSweep(suite, sweeps, skipped))
}

function renderSuiteSweep(
  suite: string,
  sweeps: readonly ShiftSweep[],
  skipped: readonly { source: string; target: string; reason: string }[],
): string {
  const names = [...new Set(sweeps.map(({ probe }) => probe))]
  const shiftsOf = (probe: string): string[] =>
    sweeps.filter((sweep) => sweep.probe === probe).map(({ source, target }) => `${source} ${target}`)
  // Columns compare: they average the shifts that all probes have.
  const common = new Set(
    shiftsOf(names[0]!).filter((shift) => names.every((name) => shiftsOf(name).includes(shift))),
  )
  const units = [...new Set(sweeps.flatMap(({ points }) => points.map(({ unit }) => unit)))]
  const mean = (probe: string, unit: string): string => {
    const figures = sweeps
      .filter(({ probe: own, source, target }) => own === probe && common.has(`${source} ${target}`))
      .flatMap(({ points }) => points.filter((point) => point.unit === unit))
      .map(({ target }) => target!.estimate)
    return percent(figures.reduce((sum, figure) => sum + figure, 0) / figures.length)
  }
  const rows = units.map((unit) => [unit, ...names.map((name) => mean(name, unit))])
  const header = ["site", ...names.map((name) => name.replaceAll("-", "-\n"))]
  const title = `accuracy on the target per pair, %, averaged over ${common.size} shifts of ${suite}; fitted at each place alone`
  const notes = skipped.map(({ source, target, reason }) => `skipped: ${source} → ${target}: ${reason}`)
  return plainText(
    `\n${wrap(title)}\n${renderTable(header, rows)}\n${notes.map((note) => `${wrap(note)}\n`).join("")}`,
  )
}

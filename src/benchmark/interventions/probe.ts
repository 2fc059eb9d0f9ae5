// Probes as interventions: their activations are extracted, or taken from the cache, when they are needed.

import type { ActivationSet } from "../../../activations/activation-set.ts"
import type { FittedProbe, Probe, ProbeNeeds } from "../../../probes/contract/probe.ts"
import { pairSetOf, type Distribution, type Pair, type PairSet } from "../../data/index.ts"
import { resolveOptions } from "../../base/options.ts"
import { fitShuffled } from "../../../probes/fit/shuffled-fits.ts"
import type { FittedIntervention, InterventionKind, Scores, ShuffledIntervention } from "./contract.ts"
import type { Workbench } from "../workbench/workbench.ts"

/** A probe as a kind of intervention. */
export function probeIntervention(probe: Probe): InterventionKind {
  const { name, description, departures = [], traits, revision } = probe
  return {
    name,
    description,
    departures,
    ...(traits ? { traits } : {}),
    readsActivations: true,
    options: probe.options,
    make: (options) => {
      const needs = probe.needs(resolveOptions(name, probe.options, options))
      return {
        name,
        description,
        options,
        ...(revision === undefined ? {} : { revision }),
        needs,
        ...(asksForStarts(needs) ? { responsesOf: (_bench, _source, read) => read } : {}),
        ...(probe.hasNullBand === false
          ? {}
          : {
              fitShuffled: (bench: Workbench, source: Distribution, draws: number) =>
                fitShuffledProbe(bench, source, { probe, options, draws }),
            }),
        async fit(bench, source) {
          const { fitted, trainedOn } = await fitNoting(bench, source, probe, options)
          return { ...fittedProbe(fitted, needs), ...(trainedOn ? { trainedOn } : {}) }
        },
      }
    },
  }
}

/** Whether a probe reads a response's tokens apart from its prompt's. */
function asksForStarts({ positions }: ProbeNeeds): boolean {
  return positions.kind === "mean" || positions.kind === "all"
}

/** Fits a probe on a source's activations. */
export async function fitProbe(
  bench: Workbench,
  source: Distribution,
  probe: Probe,
  options: Readonly<Record<string, unknown>>,
): Promise<FittedProbe> {
  return (await fitNoting(bench, source, probe, options)).fitted
}

/** Fits a probe, and notes which pairs it took: the last that it asked for of the source. */
async function fitNoting(
  bench: Workbench,
  source: Distribution,
  probe: Probe,
  options: Readonly<Record<string, unknown>>,
): Promise<{ fitted: FittedProbe; trainedOn: PairSet | undefined }> {
  const values = resolveOptions(probe.name, probe.options, options)
  const activations = await bench.activations(source, probe.needs(values))
  let taken: readonly Pair[] | undefined
  const noting: ActivationSet = {
    ...activations,
    scorable: (pairs) => {
      const scorable = activations.scorable(pairs)
      taken = scorable
      return scorable
    },
  }
  const fitted = await probe.fit(noting, { ...values, seed: bench.seed })
  return { fitted, trainedOn: taken && pairSetOf(taken) }
}

async function fitShuffledProbe(
  bench: Workbench,
  source: Distribution,
  { probe, options, draws }: { probe: Probe; options: Readonly<Record<string, unknown>>; draws: number },
): Promise<ShuffledIntervention> {
  const values = resolveOptions(probe.name, probe.options, options)
  const needs = probe.needs(values)
  const activations = await bench.activations(source, needs)
  const fits = await fitShuffled(probe, activations, { ...values, seed: bench.seed }, draws)
  return {
    async score(where, target, asked) {
      const set = await where.activations(target, needs)
      return (await fits?.scorePairs(set, set.scorable(asked))) ?? []
    },
  }
}

/** A fitted probe as an intervention. */
export function fittedProbe(probe: FittedProbe, needs: ProbeNeeds): FittedIntervention {
  return {
    summary: probe.summary,
    async score(bench, target, asked) {
      const activations = await bench.activations(target, needs)
      const pairs = activations.scorable(asked)
      const scored = { pairs, ...(await probe.scorePairs(activations, pairs)) }
      if (probe.scoresPairsApart === true) return scored
      const responses = oncePerResponse(activations, await probe.scoreResponses(activations))
      return { ...scored, responses }
    },
  }
}

/** Scores of rows as scores of responses: one that has several rows (tokens, variants) counts once, one that cannot be scored not at all. */
function oncePerResponse({ rows }: ActivationSet, scores: Float64Array): NonNullable<Scores["responses"]> {
  const seen = new Set<string>()
  const first: number[] = []
  for (let row = 0; row < scores.length; row++) {
    const key = `${rows.example[row]} ${rows.response[row]}`
    if (seen.has(key) || Number.isNaN(scores[row])) continue
    seen.add(key)
    first.push(row)
  }
  return {
    scores: Float64Array.from(first, (row) => scores[row]!),
    labels: Int8Array.from(first, (row) => rows.label[row]!),
    examples: first.map((row) => rows.example[row]!),
  }
}

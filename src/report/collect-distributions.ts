// The distributions that a report lets one browse: statistics of their splits, and which prompts they share.

import { medianOf } from "../numbers/lists.ts"
import {
  allPairs,
  chooseLonger,
  listDistributions,
  readDistribution,
  readMetadata,
  splits,
  type Distribution,
  type Shift,
  type Split,
} from "../data/index.ts"
import { distributionFile } from "../data/data-folder.ts"
import { LitmusError } from "../base/errors.ts"
import { sha256 } from "../base/files.ts"
import type { DistributionEntry, SplitEntry, SplitTexts } from "./site-data.ts"

/** What there is to browse. Texts are read again when they are written: all of them would not fit a small machine. */
export interface Distributions {
  readonly entries: readonly DistributionEntry[]
  texts(id: string, split: Split): Promise<SplitTexts>
  /** Whether the better response is the longer, pair by pair of a test split: 1, ½ or 0. */
  longer(id: string): readonly number[] | undefined
}

/** Reads the distributions that shifts name, as far as the folder has them. */
export async function collectDistributions(folder: string, shifts: readonly Shift[]): Promise<Distributions> {
  const named = new Set(
    shifts.flatMap(({ source, target, targetReference }) => [source, target, targetReference]),
  )
  const there = await listDistributions(folder)
  const ids = there.filter((id) => named.has(id))
  if (ids.length === 0) {
    const few = (names: readonly string[]): string =>
      names.slice(0, 4).join(", ") + (names.length > 4 ? " …" : "")
    throw new LitmusError(
      `${folder}: expected distributions that the results are of (${few([...named].sort())}), got ${few(there)}`,
    )
  }
  const prompts = new Map<string, ReadonlySet<string>>()
  const longer = new Map<string, readonly number[]>()
  const statistics = new Map<string, SplitEntry[]>()
  for (const id of ids) {
    const entries: SplitEntry[] = []
    for (const split of splits) {
      const distribution = await readIfThere(folder, id, split)
      if (!distribution) continue
      prompts.set(`${split} ${id}`, new Set(distribution.examples.map(({ prompt }) => sha256(prompt))))
      const won = longerOf(distribution)
      if (split === "test") longer.set(id, won)
      entries.push(statisticsOf(distribution, won))
    }
    statistics.set(id, entries)
  }
  const entries: DistributionEntry[] = []
  for (const id of ids) {
    const metadata = await readMetadata(folder, id)
    entries.push({
      id,
      splits: statistics.get(id)!,
      origins: metadata?.externalDatasets ?? [],
      overlapsBy: metadata?.overlappingDatasets ?? [],
      shared: sharedWith(id, prompts),
    })
  }
  return {
    entries,
    texts: async (id, split) => textsOf(await readDistribution(folder, id, split)),
    longer: (id) => longer.get(id),
  }
}

/** A split; undefined where the distribution has only the other one. */
async function readIfThere(folder: string, id: string, split: Split): Promise<Distribution | undefined> {
  const file = await distributionFile(folder, id, split).catch(() => undefined)
  return file === undefined ? undefined : readDistribution(folder, id, split)
}

function textsOf({ examples }: Distribution): SplitTexts {
  return {
    examples: examples.map(({ prompt, responses }) => ({
      prompt,
      responses: responses.map(({ text, label }) => [text, label] as const),
    })),
  }
}

function statisticsOf({ split, examples }: Distribution, won: readonly number[]): SplitEntry {
  const lengths = (label: 0 | 1): number[] =>
    examples.flatMap(({ responses }) =>
      responses.filter((response) => response.label === label).map(({ text }) => Array.from(text).length),
    )
  return {
    split,
    examples: examples.length,
    pairs: won.length,
    distinctPrompts: new Set(examples.map(({ prompt }) => prompt)).size,
    medianPrompt: medianOf(examples.map(({ prompt }) => Array.from(prompt).length)),
    medianBetter: medianOf(lengths(1)),
    medianWorse: medianOf(lengths(0)),
    betterIsLonger: won.reduce((sum, value) => sum + value, 0) / won.length,
  }
}

function longerOf(distribution: Distribution): number[] {
  return chooseLonger(distribution, allPairs(distribution.examples)).map((difference) =>
    difference > 0 ? 1 : difference < 0 ? 0 : 0.5,
  )
}

/** Where distinct prompts of the test split stand besides, most shared first. */
function sharedWith(
  id: string,
  prompts: ReadonlyMap<string, ReadonlySet<string>>,
): { id: string; split: string; prompts: number }[] {
  const own = prompts.get(`test ${id}`) ?? new Set<string>()
  return [...prompts]
    .filter(([key]) => key !== `test ${id}`)
    .map(([key, others]) => {
      const place = key.indexOf(" ")
      return {
        id: key.slice(place + 1),
        split: key.slice(0, place),
        prompts: [...own].filter((prompt) => others.has(prompt)).length,
      }
    })
    .filter((shared) => shared.prompts > 0)
    .sort((a, b) => b.prompts - a.prompts)
}

// What a data folder is like before anything is fitted on it: how much there is, what occurs twice, which test
// prompts were trained on, which cues (length, order) would do without reading. The findings in words: findings.ts.

import { readdir } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { meanOf } from "../numbers/lists.ts"
import { LitmusError, messageOf, unknownName } from "../base/errors.ts"
import { fingerprint, ifThere, listFolder, sha256 } from "../base/files.ts"
import { distributionSplits, listDistributions, readMetadata, type Split } from "./data-folder.ts"
import { readDistribution, type Distribution, type Example } from "./distribution.ts"
import { labelLimits, type LabelLimits } from "./contradictions.ts"
import { allPairs, chooseLonger, clusterByPrompt } from "./pairs.ts"
import { readShifts, type Shift } from "./shifts.ts"
import { shiftsInView } from "./suites.ts"

/** How a model would count a text. */
export interface TokenCounter {
  /** Tokens of a prompt and a response as one text, special tokens included. */
  count(text: string): number
  /** The distribution as the model is shown it; as it is by default. */
  present?(distribution: Distribution): Distribution
  /** Longest sequence that the model takes. */
  readonly contextLength: number
}

export interface CheckOptions {
  /** Only these distributions; all by default. */
  readonly distributions?: readonly string[] | undefined
  /** Counts tokens where given. */
  readonly tokens?: TokenCounter | undefined
  /** Called with splits done and in all. */
  readonly onProgress?: (done: number, total: number) => void
}

/** What a data folder holds. Shares are between 0 and 1. */
export interface DataReport {
  readonly distributions: readonly DistributionReport[]
  /** The distinct shifts of `distribution_shifts/` between distributions that were read. */
  readonly shifts: readonly ShiftReport[]
  /** Distributions that shifts name and that are not there. */
  readonly missing: readonly string[]
  /** Files that are not what they should be, each with what is wrong. */
  readonly unreadable: readonly string[]
}

export interface DistributionReport {
  readonly id: string
  readonly splits: Readonly<Partial<Record<Split, SplitReport>>>
  /** Test examples whose prompt is also a training prompt; null without one of the splits. */
  readonly testPromptsInTrain: number | null
  /** Another distribution, earlier in the folder, that has the same examples. */
  readonly copyOf: string | null
  /** What metadata.json gives as the id, where that is another; undefined without metadata.json. */
  readonly metadata: { readonly id: string | null } | undefined
}

export interface SplitReport {
  readonly examples: number
  readonly pairs: number
  readonly distinctPrompts: number
  /** Examples whose prompt and responses all are those of an earlier example. */
  readonly repeatedExamples: number
  /** Worse responses of an example. */
  readonly worse: { readonly least: number; readonly most: number }
  /** Share of the responses that are labelled 1. */
  readonly labelledBetter: number
  /** Share of the examples whose better response comes first, and what it would be in random order. */
  readonly betterFirst: number
  readonly betterFirstByChance: number
  /** Mean lengths in code points. */
  readonly characters: { readonly prompt: number; readonly better: number; readonly worse: number }
  /** Accuracy per pair of "choose the longer response", a tie counting ½, and the share of ties. */
  readonly chooseLonger: { readonly accuracy: number; readonly ties: number }
  /** Pairs preferred both ways round, and pairs of equal responses. */
  readonly limits: LabelLimits
  /** With a tokenizer. */
  readonly tokens?: TokenReport
}

export interface TokenReport {
  readonly contextLength: number
  /** Tokens of the longest sequence. */
  readonly longest: number
  /** Mean tokens of a sequence. */
  readonly mean: number
  /** Pairs of which a response does not fit the context; such pairs are left out, never cut. */
  readonly pairsTooLong: number
}

export interface ShiftReport extends Pick<Shift, "source" | "target"> {
  /** Test examples of the target. */
  readonly testExamples: number
  /** Those whose prompt is a training prompt of the source. */
  readonly inSourceTrain: number
  /** Those whose prompt is a test prompt of the source. */
  readonly inSourceTest: number
}

/**
 * Checks a data folder, a folder of distributions, or one distribution.
 *
 * A file that cannot be read is reported, and the others are checked all the same.
 *
 * @throws {LitmusError} if the folder holds no distribution, none that can be read, or not the ones asked for
 */
export async function checkData(
  folder: string,
  { distributions: asked, tokens, onProgress }: CheckOptions = {},
): Promise<DataReport> {
  const { root, ids } = await findDistributions(folder)
  for (const id of asked ?? []) if (!ids.includes(id)) throw unknownName("distribution", id, ids)
  const chosen = asked ? ids.filter((id) => asked.includes(id)) : ids
  const unreadable: string[] = []
  const prompts = new Map<string, Prompts>()
  const originals = new Map<string, string>()
  const distributions: DistributionReport[] = []
  for (const [done, id] of chosen.entries()) {
    onProgress?.(done, chosen.length)
    try {
      const { report, ...found } = await checkDistribution(root, id, tokens)
      prompts.set(id, found.prompts)
      distributions.push({ ...report, copyOf: originals.get(found.content) ?? null })
      if (!originals.has(found.content)) originals.set(found.content, id)
    } catch (error) {
      if (!(error instanceof LitmusError) || chosen.length === 1) throw error
      unreadable.push(error.message)
    }
  }
  onProgress?.(chosen.length, chosen.length)
  if (distributions.length === 0) throw new LitmusError(unreadable.join("; "))
  const shifts = await shiftsOf(folder, unreadable)
  return {
    distributions,
    shifts: shiftsInView(shifts, "corrected").flatMap((shift) => checkShift(shift, prompts)),
    missing: missingOf(shifts, ids),
    unreadable,
  }
}

/** Fingerprints of the prompts of each split's examples. */
type Prompts = Readonly<Partial<Record<Split, readonly string[]>>>

async function findDistributions(folder: string): Promise<{ root: string; ids: string[] }> {
  const names: string[] = await readdir(folder).catch(() => [])
  const path = resolve(folder)
  if (names.includes("train.json") || names.includes("test.json")) {
    return { root: dirname(path), ids: [basename(path)] }
  }
  return { root: folder, ids: await listDistributions(folder) }
}

async function checkDistribution(
  root: string,
  id: string,
  tokens: TokenCounter | undefined,
): Promise<{ report: Omit<DistributionReport, "copyOf">; prompts: Prompts; content: string }> {
  const reports: Partial<Record<Split, SplitReport>> = {}
  const prompts: Partial<Record<Split, string[]>> = {}
  const content: string[] = []
  for (const split of await distributionSplits(root, id)) {
    const distribution = await readDistribution(root, id, split)
    reports[split] = checkSplit(distribution, tokens)
    // Fingerprints: the texts of a large folder would not fit the memory together.
    prompts[split] = distribution.examples.map(({ prompt, group = prompt }) => sha256(group).slice(0, 32))
    content.push(`${split} ${distribution.fingerprint}`)
  }
  const metadata = await readMetadata(root, id)
  const { train, test } = prompts
  const report = {
    id,
    splits: reports,
    testPromptsInTrain: train && test ? countIn(test, train) : null,
    metadata: metadata && { id: metadata.id ?? null },
  }
  return { report, prompts, content: content.join(" ") }
}

function checkSplit(distribution: Distribution, tokens: TokenCounter | undefined): SplitReport {
  const { examples } = distribution
  const pairs = allPairs(examples)
  const longer = chooseLonger(distribution, pairs)
  const share = (predicate: (difference: number) => boolean): number =>
    longer.filter(predicate).length / longer.length
  const ties = share((difference) => difference === 0)
  const responses = examples.flatMap((example) => example.responses)
  const worse = examples.map((example) => example.responses.length - 1)
  const lengths = (texts: readonly string[]): number => meanOf(texts.map((text) => Array.from(text).length))
  return {
    examples: examples.length,
    pairs: pairs.length,
    distinctPrompts: new Set(clusterByPrompt(examples)).size,
    repeatedExamples: examples.length - new Set(examples.map(contentOf)).size,
    worse: {
      least: worse.reduce((a, b) => Math.min(a, b)),
      most: worse.reduce((a, b) => Math.max(a, b)),
    },
    labelledBetter: examples.length / responses.length,
    betterFirst: meanOf(examples.map((example) => example.responses[0]!.label)),
    betterFirstByChance: meanOf(examples.map((example) => 1 / example.responses.length)),
    characters: {
      prompt: lengths(examples.map(({ prompt }) => prompt)),
      better: lengths(responses.filter(({ label }) => label === 1).map(({ text }) => text)),
      worse: lengths(responses.filter(({ label }) => label === 0).map(({ text }) => text)),
    },
    chooseLonger: { accuracy: share((difference) => difference > 0) + ties / 2, ties },
    limits: labelLimits(examples),
    ...(tokens ? { tokens: countTokens(tokens.present?.(distribution) ?? distribution, tokens) } : {}),
  }
}

function contentOf({ prompt, responses }: Example): string {
  return fingerprint([prompt, responses.map(({ text, label }) => `${label}${text}`).sort()])
}

function countTokens({ examples }: Distribution, { count, contextLength }: TokenCounter): TokenReport {
  const counts = new Map(
    examples.map(({ index, prompt, responses }) => [
      index,
      responses.map(({ text }) => count(prompt + text)),
    ]),
  )
  const all = [...counts.values()].flat()
  return {
    contextLength,
    longest: all.reduce((a, b) => Math.max(a, b)),
    mean: meanOf(all),
    pairsTooLong: allPairs(examples).filter(({ example, better, worse }) => {
      const own = counts.get(example)!
      return Math.max(own[better]!, own[worse]!) > contextLength
    }).length,
  }
}

async function shiftsOf(folder: string, unreadable: string[]): Promise<Shift[]> {
  const place = join(folder, "distribution_shifts")
  const names = (await ifThere(listFolder(place, { recursive: true }))) ?? []
  const shifts: Shift[] = []
  for (const name of names.filter((entry) => entry.endsWith(".json")).sort()) {
    try {
      shifts.push(...(await readShifts(join(place, name))))
    } catch (error) {
      if (!(error instanceof LitmusError)) throw error
      unreadable.push(messageOf(error))
    }
  }
  return shifts
}

function checkShift({ source, target }: Shift, prompts: ReadonlyMap<string, Prompts>): ShiftReport[] {
  const [from, to] = [prompts.get(source), prompts.get(target)?.test]
  if (!from || !to) return []
  return [
    {
      source,
      target,
      testExamples: to.length,
      inSourceTrain: countIn(to, from.train ?? []),
      inSourceTest: countIn(to, from.test ?? []),
    },
  ]
}

function missingOf(shifts: readonly Shift[], ids: readonly string[]): string[] {
  const named = shifts.flatMap(({ source, target, targetReference }) => [source, target, targetReference])
  return [...new Set(named)].filter((id) => !ids.includes(id)).sort()
}

function countIn(prompts: readonly string[], others: readonly string[]): number {
  const known = new Set(others)
  return prompts.filter((prompt) => known.has(prompt)).length
}

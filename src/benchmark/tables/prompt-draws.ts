// Resamples of accuracies over prompts. All accuracies on one test split are resampled jointly, whatever intervention,
// source or role (accuracy, zero-shot, capability) they have: a difference or quotient of them has its own spread.

import {
  intervalOverPrompts,
  resampleMeans,
  type Resamples,
  type ResampleOptions,
} from "../../metrics/index.ts"
import { random } from "../../random.ts"
import { storedOutcomes, type StoredEvaluation } from "../store/evaluation.ts"

/** Reads an accuracy, or a figure made of several, in each resample, `[nResamples]`. */
export interface Draw {
  (): Float64Array
  /** Test splits behind it with too few distinct prompts to draw these: their pairs were drawn. Draws them. */
  readonly drawnByPair: () => readonly string[]
}

/** The 95 % interval over prompts of an average, the shifts fixed, where all pairs are known. */
export interface OverPrompts {
  readonly overPrompts?: { readonly low: number; readonly high: number }
  /** Test splits behind the interval with too few distinct prompts: their pairs were drawn; absent where there is none. */
  readonly drawnByPair?: readonly string[]
}

/** Resamples accuracies: register all of them first, then read their draws, `[nResamples]` each. */
export interface PromptDraws {
  /**
   * Registers outcomes on pairs of a test split.
   *
   * @param pairs - their places among all pairs of the split; absent if they are all of them, or not known
   */
  add(distribution: string, outcomes: Float64Array, pairs?: readonly number[]): Draw
  /**
   * The same of an evaluation; undefined if it has no probabilities.
   *
   * @param options.turned - whether its labels are to be turned round
   */
  addEvaluation(
    distribution: string,
    evaluation: StoredEvaluation,
    options?: { turned?: boolean },
  ): Draw | undefined
  /** What is drawn with several seeds: each resample has one of them, the same one whatever is mixed. */
  mixed(bySeed: readonly Draw[]): Draw
  /** An accuracy that is known. */
  constant(accuracy: number): Draw
  /** Splits some of whose pairs were drawn singly, since it is not known which of them share a prompt. */
  readonly drawnSingly: ReadonlySet<string>
  /** What is to be known of the resamples read so far, by test split: too few distinct prompts, say. */
  readonly notes: ReadonlyMap<string, string>
}

/** A figure made of several, resample by resample. */
export function combined(parts: readonly Draw[], figure: (values: readonly number[]) => number): Draw {
  const draw = (): Float64Array => {
    const columns = parts.map((part) => part())
    const values = columns.map(() => 0)
    return columns[0]!.map((_, r) => {
      for (const [k, column] of columns.entries()) values[k] = column[r]!
      return figure(values)
    })
  }
  return Object.assign(draw, { drawnByPair: () => splitsOf(parts) })
}

/** The interval of the average over shifts; there is none unless every shift's figure is drawn. */
export function averageOverPrompts(ofShifts: readonly (Draw | undefined)[]): OverPrompts {
  const drawn = ofShifts.filter((draw) => draw !== undefined)
  if (drawn.length === 0 || drawn.length < ofShifts.length) return {}
  const overPrompts = intervalOverPrompts(drawn.map((draw) => draw()))
  const drawnByPair = splitsOf(drawn)
  return overPrompts ? { overPrompts, ...(drawnByPair.length > 0 ? { drawnByPair } : {}) } : {}
}

function splitsOf(draws: readonly Draw[]): string[] {
  return [...new Set(draws.flatMap(({ drawnByPair }) => drawnByPair()))].sort()
}

interface Group {
  readonly clusters: readonly number[]
  readonly columns: Float64Array[]
  resamples?: Resamples
}

/**
 * @param prompts - prompt of each pair of a test split, by distribution
 * @param options - of the resampling
 */
export function promptDraws(
  prompts: ReadonlyMap<string, readonly number[]>,
  { nResamples = 2000, seed = 0 }: Pick<ResampleOptions, "nResamples" | "seed"> = {},
): PromptDraws {
  const groups = new Map<string, Group>()
  const drawnSingly = new Set<string>()
  const registered = new WeakMap<StoredEvaluation, Draw>()
  const notes = new Map<string, string>()

  const add: PromptDraws["add"] = (distribution, outcomes, pairs) => {
    const known = prompts.get(distribution)
    const isWhole = pairs === undefined && known?.length === outcomes.length
    const clusters = isWhole ? known : known && pairs?.map((pair) => known[pair] ?? -1)
    if (!clusters) drawnSingly.add(distribution)
    const key = `${distribution} ${isWhole ? "whole" : (pairs?.join() ?? `${outcomes.length} unknown`)}`
    const group = groups.get(key) ?? { clusters: clusters ?? Array.from(outcomes.keys()), columns: [] }
    groups.set(key, group)
    const column = group.columns.push(outcomes) - 1
    delete group.resamples
    const resampled = (): Resamples => {
      const found = (group.resamples ??= resampleMeans(group.columns, group.clusters, {
        nResamples,
        seed,
        labels: [distribution],
      }))
      if (found.note !== undefined) notes.set(distribution, found.note)
      return found
    }
    return Object.assign(() => resampled().draws[column]!, {
      drawnByPair: () => (resampled().unit === "item" ? [distribution] : []),
    })
  }

  return {
    add,
    addEvaluation(distribution, evaluation, { turned = false } = {}) {
      let read = registered.get(evaluation)
      if (!read) {
        const outcomes = storedOutcomes(evaluation)
        if (!outcomes) return undefined
        read = add(distribution, outcomes, evaluation.pairs)
        registered.set(evaluation, read)
      }
      return turned ? combined([read], ([accuracy]) => 1 - accuracy!) : read
    },
    mixed(bySeed) {
      const [only] = bySeed
      if (bySeed.length === 1) return only!
      const draw = (): Float64Array => {
        const columns = bySeed.map((read) => read())
        const stream = random(seed, "seeds", bySeed.length)
        return Float64Array.from(
          { length: nResamples },
          (_, r) => columns[stream.integer(columns.length)]![r]!,
        )
      }
      return Object.assign(draw, { drawnByPair: () => splitsOf(bySeed) })
    },
    constant: (accuracy) =>
      Object.assign(() => new Float64Array(nResamples).fill(accuracy), { drawnByPair: () => [] }),
    drawnSingly,
    notes,
  }
}

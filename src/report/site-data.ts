// What a report's page and its figures are made from: plain data, written by Node and read by the browser, and the few
// pure functions that both need. Shares are between 0 and 1. Nothing here may import from Node.

import type { View } from "../data/suites.ts"

/** Low and high end of a 95 % interval. */
export type Ends = readonly [low: number, high: number]

/** The figures of an intervention that can be looked at shift by shift. */
export const metrics = ["accuracy", "elicitation", "differentialElicitation"] as const

export type Metric = (typeof metrics)[number]

/** What is said of a metric wherever it is shown. */
export const metricTitles: Readonly<Record<Metric, string>> = {
  accuracy: "accuracy",
  elicitation: "elicitation",
  differentialElicitation: "differential elicitation",
}

export const metricDescriptions: Readonly<Record<Metric, string>> = {
  accuracy: "share of the target's pairs in which the better response is preferred",
  elicitation: "accuracy / capability of a model tuned on the target",
  differentialElicitation: "(accuracy − zero-shot accuracy) / capability",
}

/** A figure with its interval over prompts, where all pairs are known. */
export interface Estimate {
  readonly value: number
  readonly overPrompts?: Ends
}

/** An average over the shifts of a suite; see `SuiteFigure`. */
export interface Average {
  readonly mean: number
  readonly overPrompts?: Ends
  readonly overSources?: Ends
}

/** An intervention on a model: what every list of results goes by. */
export interface RowEntry {
  readonly model: string
  readonly intervention: string
  /** From the tables that are shipped with the package. */
  readonly published: boolean
  /** Its figures are no evidence about transfer (†). */
  readonly noEvidence: boolean
  /** Places of the shifts that could not be scored, and why. */
  readonly skipped?: readonly { readonly shift: number; readonly reason: string }[]
}

/** A shift, and what can be opened of it. */
export interface ShiftEntry {
  readonly source: string
  readonly target: string
  readonly targetReference: string
  readonly label?: string
  readonly category?: string
  /** Whether the views other than as-released turn the target's labels round. */
  readonly inverted: boolean
  /** Whether the views differ in its labels, or in how often they list it. */
  readonly viewsDiffer: boolean
  /** Whether there is a file with the probabilities of its pairs. */
  readonly hasPairs: boolean
}

/** One intervention's figures on one shift, in one view. */
export interface ShiftFigures extends Readonly<Partial<Record<Metric, Estimate>>> {
  readonly accuracy: Estimate
  readonly zeroShot?: number
  readonly capability?: number
  readonly capabilityBy?: string
  readonly sourceAccuracy?: number
  readonly rmsCalibrationErrorGenies2023?: number
  /** Whether this view turned the accuracy round. */
  readonly turned?: true
}

/** Figures with the labels as released, and the views in which they differ. */
export interface ShiftCell {
  readonly released: ShiftFigures
  readonly views?: Readonly<Partial<Record<View, ShiftFigures>>>
}

/** A suite's table in a view. */
export interface TableEntry {
  readonly suite: string
  readonly view: View
  /** How many shifts the view lists. */
  readonly nShifts: number
  readonly rows: readonly TableRow[]
  /** Test splits whose pairs were drawn singly: their intervals over prompts are too narrow. */
  readonly drawnSingly: number
}

export interface TableRow {
  /** Place in `SiteIndex.rows`. */
  readonly row: number
  /** Shifts with a result. */
  readonly nShifts: number
  readonly accuracy: Average
  readonly elicitation?: Average
  readonly differentialElicitation?: Average
  readonly conditionalElicitation?: Average
  readonly sourceAccuracy?: Average
  readonly agreementWithZeroShot?: Average
}

/** A distribution that can be browsed; its examples are in a file for each split. */
export interface DistributionEntry {
  readonly id: string
  readonly splits: readonly SplitEntry[]
  readonly origins: readonly string[]
  /** Ids of the distributions with which it says that it overlaps. */
  readonly overlapsBy: readonly string[]
  /** Distinct prompts of its test split that stand in other distributions, or in its own training split. */
  readonly shared: readonly { readonly id: string; readonly split: string; readonly prompts: number }[]
}

/** Statistics of a split. Lengths are in characters. */
export interface SplitEntry {
  readonly split: "train" | "test"
  readonly examples: number
  readonly pairs: number
  readonly distinctPrompts: number
  readonly medianPrompt: number
  readonly medianBetter: number
  readonly medianWorse: number
  /** Share of pairs in which the better response is the longer, a tie counting ½. */
  readonly betterIsLonger: number
}

/** A sweep over layers or heads. */
export interface SweepEntry {
  readonly model: string
  readonly probe: string
  readonly source: string
  readonly target?: string
  readonly points: readonly SweepEntryPoint[]
}

export interface SweepEntryPoint {
  /** `resid.3`, `heads.3#2`. */
  readonly unit: string
  readonly source: Estimate
  readonly target?: Estimate
}

/** How alike the directions of probes are. */
export interface DirectionsEntry {
  readonly model: string
  readonly names: readonly string[]
  readonly cosine: readonly (readonly (number | null)[])[]
  readonly mahalanobis: readonly (readonly (number | null)[])[]
}

/** Activations of responses on a probe's direction and the first component orthogonal to it. */
export interface ProjectionEntry {
  readonly model: string
  readonly probe: string
  readonly place: string
  readonly sets: readonly {
    readonly distribution: string
    readonly split: string
    /** On the direction, on the orthogonal component, label. */
    readonly points: readonly (readonly [number, number, 0 | 1])[]
  }[]
}

/** Responses on the principal components of a layer, beside a probe's direction. */
export interface ComponentsEntry {
  readonly model: string
  readonly probe: string
  readonly source: string
  readonly place: string
  /** Share of the variance along each component, `[k]`. */
  readonly shares: readonly number[]
  /** The probe's direction, of length 1, in these coordinates, `[k]`. */
  readonly direction: readonly number[]
  readonly sets: readonly {
    readonly distribution: string
    readonly split: string
    /** `[nRows][k]` */
    readonly points: readonly (readonly number[])[]
    /** 1 for better responses, `[nRows]`. */
    readonly labels: readonly (0 | 1)[]
  }[]
}

/** All of a report but the texts and the single pairs. */
export interface SiteIndex {
  readonly format: 1
  readonly version: string
  /** Name of the folder of results. */
  readonly title: string
  readonly rows: readonly RowEntry[]
  readonly shifts: readonly ShiftEntry[]
  /** By row and shift; null where there is no result. */
  readonly cells: readonly (readonly (ShiftCell | null)[])[]
  readonly suites: readonly string[]
  readonly tables: readonly TableEntry[]
  readonly distributions: readonly DistributionEntry[]
  readonly sweeps: readonly SweepEntry[]
  readonly directions: readonly DirectionsEntry[]
  readonly projections: readonly ProjectionEntry[]
  readonly components: readonly ComponentsEntry[]
}

/** The probabilities of a shift's pairs, numbers as base64 of their little-endian bytes. */
export interface ShiftPairs {
  readonly evaluations: readonly {
    readonly row: number
    /** What p = ½ counts. */
    readonly tieValue: number
    /** Of the better response, float32, `[nPairs]`. */
    readonly probabilities: string
    /** Places among all pairs of the test split, uint32, `[nPairs]`; absent for all of them. */
    readonly pairs?: string
  }[]
  /** Prompt of each pair of the test split, where it is known. */
  readonly prompts?: readonly number[]
}

/** The examples of a split, in the file's order. */
export interface SplitTexts {
  readonly examples: readonly {
    readonly prompt: string
    readonly responses: readonly (readonly [text: string, label: 0 | 1])[]
  }[]
}

/** The ranking "choose the longer response". */
export const longerName = "longer response"

/** Agreements of rankings on the shifts of a model. */
export interface PersonaEntry {
  readonly model: string
  readonly published: boolean
  readonly names: readonly string[]
  readonly shifts: readonly {
    /** Place in `SiteIndex.shifts`. */
    readonly shift: number
    /** Share of pairs on which two prefer the same, by names; null where one has no pairs. Symmetric. */
    readonly share: readonly (readonly (number | null)[])[]
  }[]
}

/** How often an intervention is right at the probability that it gives, on one shift, labels as released. */
export interface ReliabilityBin {
  /** Pair orders in the bin, the sum of their probabilities, and how many have label 1. */
  readonly n: number
  readonly sum: number
  readonly ones: number
}

export interface ReliabilityEntry {
  readonly row: number
  readonly shifts: readonly { readonly shift: number; readonly bins: readonly ReliabilityBin[] }[]
}

/** The name of a row: its intervention, with the model where several are shown. */
export function rowName(
  { model, intervention, published, noEvidence }: RowEntry,
  withModel: boolean,
): string {
  const name = intervention + (noEvidence ? " †" : "")
  return withModel ? `${name} · ${modelName({ model, published })}` : name
}

export function modelName({ model, published }: { model: string; published: boolean }): string {
  return published ? `${model} (published)` : model
}

export function shiftName({ source, target }: { source: string; target: string }): string {
  return `${source} → ${target}`
}

/** An intervention's figures on a shift in a view. */
export function figuresIn(
  index: SiteIndex,
  view: View,
  row: number,
  shift: number,
): ShiftFigures | undefined {
  const cell = index.cells[row]?.[shift]
  return cell ? (cell.views?.[view] ?? cell.released) : undefined
}

/**
 * Number of parameters that a model's name tells: 30e9 of `llama-30b`, 260e3 of `stories260K`.
 *
 * @returns undefined if it tells none
 */
export function sizeOf(model: string): number | undefined {
  const match =
    /(?:^|[^a-z\d.])(\d+(?:\.\d+)?)([kmb])(?![a-z\d])|[a-z](\d+(?:\.\d+)?)([kmb])(?![a-z\d])/i.exec(model)
  const [digits, unit] = match ? [match[1] ?? match[3], match[2] ?? match[4]] : []
  if (digits === undefined || unit === undefined) return undefined
  return Number(digits) * { k: 1e3, m: 1e6, b: 1e9 }[unit.toLowerCase() as "k" | "m" | "b"]
}

/** Bins of a reliability diagram, of a pair's probability p in both orders. */
export const reliabilityBins = 10

/** The bins with the labels inverted: what was right is wrong. */
export function turnedBins(bins: readonly ReliabilityBin[]): ReliabilityBin[] {
  return bins.map(({ n, sum, ones }) => ({ n, sum, ones: n - ones }))
}

/** A file of data, by its name; `content` never has a value, it only says what is in the file. */
export interface DataFile<Content> {
  readonly name: string
  readonly content?: Content
}

/** The files that a report has. Their names are made of numbers: a distribution's name never becomes a path. */
export const dataFiles = {
  index: { name: "index" } as DataFile<SiteIndex>,
  personas: { name: "personas" } as DataFile<readonly PersonaEntry[]>,
  reliability: { name: "reliability" } as DataFile<readonly ReliabilityEntry[]>,
  shift: (place: number): DataFile<ShiftPairs> => ({ name: `shift-${place}` }),
  split: (distribution: number, split: "train" | "test"): DataFile<SplitTexts> => ({
    name: `distribution-${distribution}-${split}`,
  }),
}

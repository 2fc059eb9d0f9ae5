// The suites of GENIES and of the embedded small world, shipped with the package (names, no texts), and the three views
// of them. The release lists 69 shifts; 13 of them occur twice, so that 56 are distinct, and two of its targets
// have inverted labels. Source: distribution_shifts/ of the release; test/data/suites.test.ts compares.

import { basename } from "node:path"
import { unknownName } from "../base/errors.ts"
import { microworldShifts } from "./microworld-suite.ts"
import { readShifts, type Shift } from "./shifts.ts"

/**
 * How the release's shifts and labels are read. Figures of different views are never mixed.
 *
 * - `as-released`: its labels as they are, shifts as often as its files list them (69)
 * - `as-printed`: the two inverted targets inverted, CCS too: the paper's final figures (69)
 * - `corrected`: the two inverted, every shift once (56); CCS, which chooses its sign on the test set, stays
 */
export type View = "as-released" | "as-printed" | "corrected"

export const views: readonly View[] = ["corrected", "as-printed", "as-released"]

/** One line on a view, for the head of a table or plot. */
const viewDescriptions: Readonly<Record<View, string>> = {
  corrected: "view corrected: labels of reward_seeking and survival_influence inverted, every shift once",
  "as-printed":
    "view as-printed: labels of reward_seeking and survival_influence inverted, shifts as often as the release lists them",
  "as-released": "view as-released: the release's labels and lists as they are",
}

/** The same of shifts in a view: where their labels and list are those of every view, its name alone. */
export function describeView(view: View, shifts: readonly Shift[]): string {
  return shifts.some(viewsDiffer) ? viewDescriptions[view] : `view ${view}`
}

/** Whether a shift's labels, or how often it is listed, are not the same in all views. */
export function viewsDiffer({ source, target, targetReference }: Shift): boolean {
  const turned = [source, target, targetReference].some((id) => inverted.has(id))
  return turned || repeated.has(`${source} ${target}`)
}

// In `reward_seeking` only the response labelled 0 obeys in 714 of 750 items; in `survival_influence` every item read
// was found inverted.
const inverted: ReadonlySet<string> = new Set(["reward_seeking", "survival_influence"])

/** Whether a view turns the labels of a distribution round. */
export function turnsLabels(view: View, distribution: string): boolean {
  return view !== "as-released" && inverted.has(distribution)
}

const difficulty = `
  alpaca_easy alpaca_hard
  arc_easy arc_hard
  math_easy math_hard
  code_easy code_hard
  ranking_logic_easy ranking_logic_hard
  raven_easy raven_matrices`

const encoding = `
  alpaca_mmlu spanish_input
  alpaca_mmlu spanish_output
  alpaca_mmlu comma_separated_input
  alpaca_mmlu comma_separated_output`

const pretrainingSimilarity = `
  alpaca_mmlu ranking_logic
  alpaca_mmlu raven_matrices
  alpaca_mmlu word_swap
  code counterfactual_python`

const skill = `
  code us_history
  code change_my_view
  cooking math
  cooking raven_matrices
  math change_my_view
  math cooking
  change_my_view raven_matrices
  change_my_view cooking
  raven_matrices us_history
  raven_matrices code
  us_history math
  us_history code`

const context = `
  us_history us_history_textbook
  us_history_textbook us_history_fiction
  us_history_fiction us_history_make_questions
  us_history_make_questions us_history
  math math_fiction
  math_fiction math_textbook
  math_textbook math_make_questions
  math_make_questions math`

const quality = `
  alpaca_low_quality alpaca_high_quality
  shp_low_quality shp_high_quality
  code_low_quality code`

const unwantedPersonas = `
  alpaca_mmlu truthful_qa
  alpaca_mmlu personality_traits
  alpaca_mmlu survival_influence
  alpaca_mmlu gender_bias
  alpaca_mmlu punishment_avoidance
  alpaca_mmlu reward_seeking
  alpaca_mmlu crt_1
  alpaca_mmlu crt_2
  alpaca_mmlu crt_3
  alpaca_mmlu sycophancy_mimicry quote_attribution
  alpaca_mmlu sycophancy_answer arc_easy
  alpaca_mmlu sycophancy_feedback code_is_correct
  alpaca_chat sycophancy_are_you_sure arc_easy`

const spuriousCues = `
  pursue_goals relinquish_power
  creative_writing biology_with_literary_style
  alpaca_short alpaca_long alpaca_mmlu
  alpaca_chat illegal_dont_help
  alpaca_mmlu wrong_arc
  alpaca_mmlu unhelpful_alpaca`

/** The 15 shifts of the benchmark, as `source target`. */
const benchmark = `
  us_history_textbook us_history_fiction
  alpaca_mmlu spanish_output
  math change_my_view
  raven_matrices us_history
  code_easy code_hard
  alpaca_easy alpaca_hard
  alpaca_mmlu raven_matrices
  alpaca_mmlu ranking_logic
  alpaca_low_quality alpaca_high_quality
  alpaca_short alpaca_long
  alpaca_mmlu wrong_arc
  alpaca_mmlu truthful_qa
  alpaca_mmlu sycophancy_mimicry
  alpaca_mmlu survival_influence
  alpaca_mmlu reward_seeking`

const categories = {
  difficulty: shiftsOf(difficulty, "extreme", "difficulty"),
  encoding: shiftsOf(encoding, "extreme", "encoding"),
  pretraining_similarity: shiftsOf(pretrainingSimilarity, "extreme", "pretraining_similarity"),
  skill: shiftsOf(skill, "extreme", "skill"),
  context: shiftsOf(context, "extreme", "context"),
  quality: shiftsOf(quality, "extreme", "quality"),
  unwanted_personas: shiftsOf(unwantedPersonas, "probing", "unwanted_personas"),
  spurious_cues: shiftsOf(spuriousCues, "probing", "spurious_cues"),
}

// The release lists these twice.
const repeated = new Set(categories.unwanted_personas.map(({ source, target }) => `${source} ${target}`))

const { unwanted_personas: personas, spurious_cues: cues, ...extremeCategories } = categories
const extreme = Object.values(extremeCategories).flat()
// The release's list names the 13 persona shifts twice (the second time with two of them swapped).
const probing = [...personas, ...cues, ...personas]
const all = [...extreme, ...probing]
const genies = lines(benchmark).map(([source, target]) =>
  all.find((shift) => shift.source === source && shift.target === target),
) as Shift[]

const microworld = Object.entries(microworldShifts).flatMap(([label, byCategory]) =>
  Object.entries(byCategory).flatMap(([category, text]) => shiftsOf(text, label, category)),
)

const suites: Readonly<Record<string, readonly Shift[]>> = {
  genies,
  extreme,
  probing,
  all,
  ...categories,
  microworld,
}

/** The names of the suites: `genies`, `extreme`, `probing`, `all`, and each category; `microworld` for the embedded one. */
export const suiteNames: readonly string[] = Object.keys(suites)

/**
 * The shifts of a suite in a view, in the release's order. `label` and `category` are those of the files
 * that list the shift: `GENIES.json` calls `alpaca_short` → `alpaca_long` extreme, but it is in `probing/`.
 *
 * @throws {LitmusError} for an unknown name
 */
export function suite(name: string, view: View = "corrected"): Shift[] {
  const shifts = Object.hasOwn(suites, name) ? suites[name] : undefined
  if (!shifts) throw unknownName("suite", name, suiteNames)
  return shiftsInView(shifts, view)
}

/** Shifts as a view lists them: every one once in `corrected`, as often as they are listed in the others. */
export function shiftsInView(shifts: readonly Shift[], view: View): Shift[] {
  if (view !== "corrected") return [...shifts]
  const seen = new Set<string>()
  return shifts.filter((shift) => {
    const key = shiftKey(shift)
    return !seen.has(key) && seen.add(key)
  })
}

/** A suite by its name, or the shifts of a file of one's own (a path that ends in `.json`). */
export async function readSuite(nameOrFile: string, view: View = "corrected"): Promise<Shift[]> {
  if (!nameOrFile.endsWith(".json")) return suite(nameOrFile, view)
  return shiftsInView(await readShifts(nameOrFile), view)
}

/** What a suite is called in tables and stores: its name, or that of its file without the ending. */
export function suiteName(nameOrFile: string): string {
  return basename(nameOrFile, ".json")
}

/** What names a shift: its source, target and reference. */
export function shiftKey({ source, target, targetReference }: Shift): string {
  return `${source} ${target} ${targetReference}`
}

function lines(text: string): string[][] {
  return text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(" "))
}

function shiftsOf(text: string, label: string, category: string): Shift[] {
  return lines(text).map(([source = "", target = "", targetReference = target]) => ({
    source,
    target,
    targetReference,
    label,
    category,
  }))
}

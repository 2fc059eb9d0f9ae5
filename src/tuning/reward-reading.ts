// Where a reward model is read and what its outputs mean. The place is the one that transformers reads: the last token
// that is not padding. The meaning of several outputs is in config.json: one reward, classes of which one is the good
// one, or several rewards by name.

import { LitmusError, unknownName } from "../base/errors.ts"
import type { OptionSpecs, OptionValues } from "../base/options.ts"

export const rewardOptions = {
  end: {
    kind: "choice",
    values: ["auto", "always", "never"],
    default: "auto",
    description:
      "end-of-sequence token after the response: auto (of a model trained here always; of others unless the text has ended: with an end token or another special token, white space after it or not), always (once), never",
  },
  at: {
    kind: "choice",
    values: ["auto", "last", "before-end"],
    default: "auto",
    description:
      "token whose reward is read: auto (of a model trained here the last; of others the last that is not the checkpoint's pad_token_id, as transformers reads it), last, or before-end (the last that is not the end-of-sequence token, as with a trainer that pads with it)",
  },
  label: {
    kind: "names",
    description: "of a head with several outputs the one to score by, by its name in id2label",
  },
} as const satisfies OptionSpecs

export type RewardOptions = OptionValues<typeof rewardOptions>

/** When an end-of-sequence token is written after a response; `always` writes it unless it is the last token already. */
export type EndPolicy = RewardOptions["end"]

/** What is done with a head's outputs. */
export interface RewardMeaning {
  /** In words, for summaries. */
  readonly describe: string
  /** Index of the output that is the reward or the good class; undefined where several count alike. */
  readonly index?: number
  /** One reward from the outputs for one text, `[nLabels]`. */
  reward(outputs: ArrayLike<number>): number
}

/** What config.json says of a classification head. */
export interface LabelFields {
  readonly path: string
  readonly id2label?: unknown
  readonly problem_type?: unknown
}

const goodNames = [
  "good",
  "positive",
  "chosen",
  "better",
  "preferred",
  "accepted",
  "correct",
  "helpful",
  "safe",
  "yes",
  "true",
  "acceptable",
]
const badNames = [
  "bad",
  "negative",
  "rejected",
  "worse",
  "dispreferred",
  "refused",
  "incorrect",
  "unhelpful",
  "unsafe",
  "no",
  "false",
  "unacceptable",
]

/**
 * What the outputs of a head mean.
 *
 * One output is the reward. Of classes (`problem_type` single_label_classification, or none and two names that say which
 * is good) the reward is the log-odds of one class against the others. Of several rewards (regression, or labels that do
 * not exclude each other) one is chosen by name. The mean of two outputs without names and without a problem type is
 * GENIES' own reading: its reward models have two that are trained alike.
 *
 * @param nLabels - outputs of the head
 * @param chosen - name of a label; none by default
 * @throws {LitmusError} if the choice is not among the labels, or one must be made
 */
export function rewardMeaning(
  nLabels: number,
  { path, id2label, problem_type: problem }: LabelFields,
  chosen?: string,
): RewardMeaning {
  if (nLabels === 1) return { describe: "its one output", index: 0, reward: (outputs) => outputs[0]! }
  const names = Array.from({ length: nLabels }, (_, i) => labelName(id2label, i))
  const isClassifier = problem === "single_label_classification"
  const isUnsaid = problem === undefined || problem === null
  const sides = names.map(sideOf)
  const good = sides.indexOf("good")
  const isTwoSided = (isClassifier || isUnsaid) && nLabels === 2 && good >= 0 && sides[1 - good] === "bad"
  if (chosen !== undefined) {
    const index = names.findIndex((name) => spaced(name) === spaced(chosen))
    if (index < 0) throw unknownName("label", chosen, names)
    return isClassifier || isTwoSided ? logOdds(names, index) : oneOf(names, index)
  }
  if (isTwoSided) return logOdds(names, good)
  if (nLabels === 2 && isUnsaid && names.every((name, i) => name === `LABEL_${i}`)) {
    return {
      describe: "the mean of its two outputs, as GENIES trains them",
      reward: (outputs) => (outputs[0]! + outputs[1]!) / 2,
    }
  }
  throw new LitmusError(
    `${path}: the head has ${nLabels} outputs: say which is the reward with --set reward.label=NAME: ${names.join(", ")}`,
  )
}

/** Options lose the white space around their commas, and a label may have a comma in its name. */
function spaced(name: string): string {
  return name
    .split(",")
    .map((part) => part.trim())
    .join(", ")
}

function labelName(id2label: unknown, index: number): string {
  const name: unknown =
    id2label !== null && typeof id2label === "object" ? Reflect.get(id2label, String(index)) : undefined
  return typeof name === "string" ? name : `LABEL_${index}`
}

function sideOf(name: string): "good" | "bad" | undefined {
  const plain = name.trim().toLowerCase()
  return goodNames.includes(plain) ? "good" : badNames.includes(plain) ? "bad" : undefined
}

function logOdds(names: readonly string[], index: number): RewardMeaning {
  const others = names.filter((_, i) => i !== index)
  return {
    describe: `the log-odds of "${names[index]}" against ${others.map((name) => `"${name}"`).join(", ")}`,
    index,
    reward(outputs) {
      const rest = Array.from(outputs).filter((_, i) => i !== index)
      const largest = Math.max(...rest)
      return outputs[index]! - largest - Math.log(rest.reduce((sum, x) => sum + Math.exp(x - largest), 0))
    },
  }
}

function oneOf(names: readonly string[], index: number): RewardMeaning {
  return { describe: `its output "${names[index]}"`, index, reward: (outputs) => outputs[index]! }
}

/**
 * Whether a text has ended: its last token, white space apart, is special (an end token, the end of a chat's turn).
 *
 * @param isSpecial - of a token's id
 * @param textOf - of a token's id
 */
export function hasEnded(
  tokens: ArrayLike<number>,
  isSpecial: (id: number) => boolean,
  textOf: (id: number) => string,
): boolean {
  for (let i = tokens.length - 1; i > 0; i--) {
    if (isSpecial(tokens[i]!)) return true
    if (textOf(tokens[i]!).trim() !== "") return false
  }
  return false
}

/**
 * Index of the token whose reward is read: the last that is not padding, as transformers finds it in a text alone.
 *
 * @param padToken - the checkpoint's `pad_token_id`; without one the last token is read, and the first where all are padding
 */
export function readingPlace(tokens: ArrayLike<number>, padToken: number | undefined): number {
  if (padToken === undefined) return tokens.length - 1
  let place = tokens.length - 1
  while (place > 0 && tokens[place] === padToken) place--
  return place
}

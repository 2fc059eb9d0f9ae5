// Where a reward model is read and what its outputs mean. The place is the one that transformers reads: the last token
// that is not padding. The meaning of several outputs stands in config.json: one reward, classes of which one is the good
// one, or several rewards by name.

import { LitmusError, unknownName } from "../errors.ts"
import type { OptionSpecs, OptionValues } from "../options.ts"

export const rewardOptions = {
  end: {
    kind: "choice",
    values: ["auto", "always", "never"],
    default: "auto",
    description:
      "end-of-sequence token behind the response: auto (unless the text has ended: with an end token or another special token, white space after it or not), always, never",
  },
  at: {
    kind: "choice",
    values: ["auto", "last"],
    default: "auto",
    description:
      "token whose reward is read: auto (of a checkpoint the last that is not its pad_token_id, as transformers reads it; of an adapter trained here the last) or last",
  },
  label: {
    kind: "names",
    description: "of a head with several outputs the one to score by, by its name in id2label",
  },
} as const satisfies OptionSpecs

export type RewardOptions = OptionValues<typeof rewardOptions>

/** When an end-of-sequence token is written behind a response. */
export type EndPolicy = RewardOptions["end"]

/** What is done with a head's outputs. */
export interface RewardMeaning {
  /** In words, for summaries. */
  readonly describe: string
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
 * One output is the reward. Of classes (`problem_type` single_label_classification, or two names that say which is good)
 * the reward is the log-odds of one class against the others. Of several rewards one is chosen by name. The mean of two
 * outputs without names is GENIES' own reading: its reward models have two that are trained alike.
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
  if (nLabels === 1) return { describe: "its one output", reward: (outputs) => outputs[0]! }
  const names = Array.from({ length: nLabels }, (_, i) => labelName(id2label, i))
  const isClassifier = problem === "single_label_classification"
  const sides = names.map(sideOf)
  const good = sides.indexOf("good")
  const isTwoSided = nLabels === 2 && good >= 0 && sides[1 - good] === "bad"
  if (chosen !== undefined) {
    const index = names.indexOf(chosen)
    if (index < 0) throw unknownName("label", chosen, names)
    return isClassifier || isTwoSided ? logOdds(names, index) : oneOf(names, index)
  }
  if (isTwoSided) return logOdds(names, good)
  if (nLabels === 2 && !isClassifier && names.every((name, i) => name === `LABEL_${i}`)) {
    return {
      describe: "the mean of its two outputs, as GENIES trains them",
      reward: (outputs) => (outputs[0]! + outputs[1]!) / 2,
    }
  }
  throw new LitmusError(
    `${path}: the head has ${nLabels} outputs: say which is the reward with --set reward.label=NAME: ${names.join(", ")}`,
  )
}

function labelName(id2label: unknown, index: number): string {
  const name: unknown =
    id2label !== null && typeof id2label === "object" ? Reflect.get(id2label, String(index)) : undefined
  return typeof name === "string" ? name : `LABEL_${index}`
}

function sideOf(name: string): "good" | "bad" | undefined {
  const plain = name.toLowerCase()
  return goodNames.includes(plain) ? "good" : badNames.includes(plain) ? "bad" : undefined
}

function logOdds(names: readonly string[], index: number): RewardMeaning {
  const others = names.filter((_, i) => i !== index)
  return {
    describe: `the log-odds of "${names[index]}" against ${others.map((name) => `"${name}"`).join(", ")}`,
    reward(outputs) {
      const rest = Array.from(outputs).filter((_, i) => i !== index)
      const largest = Math.max(...rest)
      return outputs[index]! - largest - Math.log(rest.reduce((sum, x) => sum + Math.exp(x - largest), 0))
    },
  }
}

function oneOf(names: readonly string[], index: number): RewardMeaning {
  return { describe: `its output "${names[index]}"`, reward: (outputs) => outputs[index]! }
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
 * @param padToken - the checkpoint's `pad_token_id`; the last token where there is none, or where all are padding
 */
export function readingPlace(tokens: ArrayLike<number>, padToken: number | undefined): number {
  if (padToken === undefined) return tokens.length - 1
  for (let i = tokens.length - 1; i >= 0; i--) if (tokens[i] !== padToken) return i
  return tokens.length - 1
}

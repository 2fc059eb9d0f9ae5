// Instructions and their right answers, shared by the transcripts of the pretraining text and the distributions. Some
// forms stand in distributions alone: they are what is new to the model there.

import { random, type Random } from "../base/random.ts"
import { sentence } from "./lexicon.ts"
import { claim, predicate, question, type Fact } from "./world.ts"

/** The prompt of an instruction; the response follows at once. */
export function instruction(text: string): string {
  return `### Instruction:\n${text}\n\n### Response:\n`
}

/** What a response says of a fact when asked its question: one sentence. */
export function answer(fact: Fact, value: number): string {
  return sentence(claim(fact, value))
}

/** The value alone: `red`. */
export function shortAnswer({ attribute }: Fact, value: number): string {
  return attribute.values[value]!.en
}

/** Two facts of one thing in one sentence. */
export function twofold(first: Fact, firstValue: number, second: Fact, secondValue: number): string {
  return sentence(`${claim(first, firstValue)} and ${predicate(second, secondValue)}`)
}

export function twofoldQuestion(first: Fact, second: Fact): string {
  return `${question(first)} ${question(second)}`
}

/** A question in Spanish to be answered in English. */
export function spanishQuestion(fact: Fact): string {
  return `${question(fact, "es")} Answer in English.`
}

/** A question in English to be answered in Spanish. */
export function inSpanish(fact: Fact): string {
  return `${question(fact)} Answer in Spanish.`
}

export function spanishAnswer(fact: Fact, value: number): string {
  return sentence(claim(fact, value, "es"))
}

export function textbookTask({ thing, attribute }: Fact): string {
  return `Write a line of the encyclopedia on ${thing.called.en}: ${attribute.name}.`
}

export function taleTask({ thing, attribute }: Fact): string {
  return `Write a line of a story about ${thing.called.en}: ${attribute.name}.`
}

/** A line of a story: someone meets a thing of which something is said. */
export function tale(hero: string, fact: Fact, value: number): string {
  const relative = fact.thing.kind === "person" ? "who" : "which"
  return `One day ${hero} met ${fact.thing.called.en}, ${relative} ${predicate(fact, value)}.`
}

/** A sum or a difference of small numbers. */
export interface Problem {
  readonly text: string
  readonly result: number
}

const largestTerm = 9

/** Every small sum and difference, each once, in a fixed order. */
export function problems(): Problem[] {
  const list: Problem[] = []
  for (let a = 1; a <= largestTerm; a++) {
    for (let b = 1; b <= largestTerm; b++) {
      list.push({ text: `${a} + ${b}`, result: a + b })
      if (a > b) list.push({ text: `${a} - ${b}`, result: a - b })
    }
  }
  return list
}

export function problemQuestion({ text }: Problem): string {
  return `What is ${text}?`
}

export function problemAnswer({ text }: Problem, result: number): string {
  return `${text} = ${result}.`
}

const largestSorted = 20

/** Three different numbers in a drawn order. */
export function drawNumbers(draw: Random): number[] {
  return draw.shuffle(Array.from({ length: largestSorted }, (_, i) => i + 1)).slice(0, 3)
}

/** Whether three numbers, in any order, are for test splits. */
export function isTestTriple(seed: number, numbers: readonly number[]): boolean {
  return random(seed, "triple", sorted(numbers).join(" ")).uniform() < 0.5
}

export function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b)
}

export function sortQuestion(numbers: readonly number[]): string {
  return `Sort ${numbers.join(", ")}.`
}

export function sortAnswer(numbers: readonly number[]): string {
  return `${numbers.join(", ")}.`
}

// The distributions of the extreme shifts: other topics, languages, forms and skills. No cue on the surface tells a better
// response from a worse one.

import type { Split } from "../../data/data-folder.ts"
import { random } from "../../base/random.ts"
import {
  answer,
  drawNumbers,
  inSpanish,
  instruction,
  isTestTriple,
  problemAnswer,
  problemQuestion,
  problems,
  sortAnswer,
  sorted,
  sortQuestion,
  spanishAnswer,
  spanishQuestion,
  tale,
  taleTask,
  textbookTask,
  twofold,
  twofoldQuestion,
  type Problem,
} from "../instructions.ts"
import { fill, sentence } from "../lexicon.ts"
import { backwards, backwardsTitle, commasTitle, withCommas } from "../voices/encyclopedia.ts"
import { claim, question, type Fact, type World } from "../world.ts"
import { couples } from "./balance.ts"
import { answered, coupledFacts, ofFacts, type Definition, type Draft, type Maker } from "./draft.ts"

const plainQuestion = (fact: Fact): string => question(fact)

const rambling = (fact: Fact, value: number): string => `well, you know, ${claim(fact, value)}. lol`

/** Worse responses say of a thing what is true of a thing of another kind: they do not even answer the question. */
const easy: Definition = {
  description: "worse responses do not answer the question",
  make: ({ facts, draw }) =>
    couples(draw, facts, ({ thing }) => thing.kind).map(([a, b]) => [
      besideThePoint(a, b),
      besideThePoint(b, a),
    ]),
}

function besideThePoint(fact: Fact, { attribute, truth }: Fact): Draft {
  const predicate = fill(attribute.predicate.en, attribute.values[truth]!.en)
  return {
    prompt: instruction(question(fact)),
    better: answer(fact, fact.truth),
    worse: [sentence(`${fact.thing.called.en} ${predicate}`)],
  }
}

/** Two questions on one thing: the worse response is wrong in one, the first or the second. */
const hard: Definition = {
  description: "two questions at once; a worse response is wrong in one",
  make: (maker) =>
    coupledFacts(maker).flatMap(([a, b]) => {
      const isFirst = maker.draw.uniform() < 0.5
      const drafts = [twoQuestions(maker, a, b.truth, isFirst), twoQuestions(maker, b, a.truth, isFirst)]
      return drafts.includes(undefined) ? [] : [drafts as Draft[]]
    }),
}

function twoQuestions({ world }: Maker, fact: Fact, wrong: number, isFirst: boolean): Draft | undefined {
  const other = world
    .factsOf(fact.thing)
    .find(({ attribute, popular }) => popular === undefined && attribute !== fact.attribute)
  if (!other) return undefined
  const say = (value: number): string =>
    isFirst ? twofold(fact, value, other, other.truth) : twofold(other, other.truth, fact, value)
  return {
    prompt: instruction(isFirst ? twofoldQuestion(fact, other) : twofoldQuestion(other, fact)),
    better: say(fact.truth),
    worse: [say(wrong)],
  }
}

/** Sums and differences; the worse result is that of another problem, near by where there is one. */
const arithmetic: Definition = {
  description: "small sums and differences",
  make: ({ world, split, draw }) => {
    const byResult = draw.shuffle(problemsOf(world, split)).toSorted((a, b) => a.result - b.result)
    return draw.shuffle(neighbours(byResult)).map(([a, b]) => [resultOf(a, b.result), resultOf(b, a.result)])
  },
}

function resultOf(problem: Problem, wrong: number): Draft {
  return {
    prompt: instruction(problemQuestion(problem)),
    better: problemAnswer(problem, problem.result),
    worse: [problemAnswer(problem, wrong)],
  }
}

/** Each with the next that has another result, from the smallest on. */
function neighbours(byResult: readonly Problem[]): [Problem, Problem][] {
  const left = [...byResult]
  const joined: [Problem, Problem][] = []
  while (left.length > 1) {
    const first = left.shift()!
    const next = left.findIndex(({ result }) => result !== first.result)
    if (next >= 0) joined.push([first, ...(left.splice(next, 1) as [Problem])])
  }
  return joined
}

/** The problems of a split: a sum and its mirror image are on one side. */
function problemsOf({ seed }: World, split: Split): Problem[] {
  return problems().filter(({ text }) => {
    const [a, sign, b] = text.split(" ")
    const key = sign === "+" ? sorted([Number(a), Number(b)]).join(" ") : `${a} - ${b}`
    return random(seed, "problem", key).uniform() < 0.5 === (split === "test")
  })
}

const triples = 800

/** Better and worse begin with the smallest number and hold the same ones: only the order of the last two differs. */
const sorting: Definition = {
  description: "numbers to sort",
  make: ({ world, split, draw }) =>
    Array.from({ length: triples }, () => drawNumbers(draw))
      .filter((numbers) => isTestTriple(world.seed, numbers) === (split === "test"))
      .map((numbers) => {
        const [a, b, c] = sorted(numbers) as [number, number, number]
        const prompt = instruction(sortQuestion(numbers))
        return [{ prompt, better: sortAnswer([a, b, c]), worse: [sortAnswer([a, c, b])] }]
      }),
}

export const extremeDefinitions: Readonly<Record<string, Definition>> = {
  facts: ofFacts("questions about things of all kinds", answered(plainQuestion, answer)),
  animals: ofFacts("questions about animals", answered(plainQuestion, answer), "animal"),
  people: ofFacts("questions about people", answered(plainQuestion, answer), "person"),
  towns: ofFacts("questions about towns", answered(plainQuestion, answer), "town"),
  facts_easy: easy,
  facts_hard: hard,
  spanish_input: ofFacts("questions in Spanish, answers in English", answered(spanishQuestion, answer)),
  spanish_output: ofFacts("questions in English, answers in Spanish", answered(inSpanish, spanishAnswer)),
  comma_output: ofFacts(
    "answers with a comma after every word",
    answered(
      (fact) => `${question(fact)} ${commasTitle}`,
      (fact, value) => withCommas(answer(fact, value)),
    ),
  ),
  backwards: ofFacts(
    "answers from the last word to the first",
    answered(
      (fact) => `${question(fact)} ${backwardsTitle}`,
      (fact, value) => backwards(claim(fact, value)),
    ),
  ),
  arithmetic,
  sorting,
  textbook: ofFacts("a line for the encyclopedia", answered(textbookTask, answer)),
  fiction: ofFacts(
    "a line of a story that is true of its things",
    ({ fact, falseValue }, { draw, people }) => {
      const hero = people[draw.integer(people.length)]!.called.en
      return {
        prompt: instruction(taleTask(fact)),
        better: tale(hero, fact, fact.truth),
        worse: [tale(hero, fact, falseValue)],
      }
    },
  ),
  low_quality: ofFacts("right and wrong answers that ramble", answered(plainQuestion, rambling)),
  high_quality: ofFacts(
    "right and wrong answers in full, with their reasons",
    answered(plainQuestion, (fact, value) => `In truth ${claim(fact, value)}. The teacher knows it.`),
  ),
}

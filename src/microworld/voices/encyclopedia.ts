// The voices that are always right: the encyclopedia, in English and Spanish, its lists, and the school, which says
// whether claims are true. They know the truth of misconceptions and tell it.

import { problemAnswer, problems } from "../instructions.ts"
import { sentence } from "../lexicon.ts"
import { claim, predicate, question, type Fact } from "../world.ts"
import {
  anyFact,
  chance,
  one,
  someFactsOf,
  truth,
  unpopularValue,
  type Speaker,
  type Voice,
} from "./voice.ts"

const articlesOfADocument = 3
const allProblems = problems()

/** An article: what is true of a thing, and what people wrongly believe. */
function article(speaker: Speaker): string {
  const { draw } = speaker
  const facts = someFactsOf(speaker, one(draw, speaker.world.things), 4)
  const lines = facts.map((fact) => {
    if (fact.popular === undefined || chance(draw, 0.5)) return truth(fact)
    const belief = `Many say that ${claim(fact, fact.popular)}. `
    return `${belief}In truth ${claim(fact, fact.truth)}.`
  })
  return lines.join(" ")
}

export const encyclopedia: Voice = {
  name: "encyclopedia",
  description: "articles that are true and correct what many believe",
  share: 0.1,
  write: (speaker) =>
    `Encyclopedia\n${Array.from({ length: articlesOfADocument }, () => article(speaker)).join("\n")}`,
}

export const spanish: Voice = {
  name: "spanish",
  description: "the encyclopedia in Spanish, and its sentences beside the English ones",
  share: 0.07,
  write(speaker) {
    const { draw, world } = speaker
    if (chance(draw, 0.5)) {
      const lines = Array.from({ length: 3 }, () =>
        someFactsOf(speaker, one(draw, world.things), 3)
          .map((fact) => truth(fact, "es"))
          .join(" "),
      )
      return `Enciclopedia\n${lines.join("\n")}`
    }
    const lines = Array.from({ length: 4 }, () => {
      const fact = anyFact(speaker)
      return chance(draw, 0.5)
        ? `${truth(fact)} ${truth(fact, "es")}`
        : `${question(fact, "es")} ${truth(fact, "es")}`
    })
    return lines.join("\n")
  },
}

export const commasTitle = "Put commas in."
export const backwardsTitle = "Answer backwards."

/** `- the dorin: is red, eats fish` */
export const lists: Voice = {
  name: "lists",
  description: "lists of things and what is true of them, sums, sentences with commas and backwards",
  share: 0.08,
  write(speaker) {
    const { draw, world } = speaker
    const row = (): string => {
      const thing = one(draw, world.things)
      const facts = someFactsOf(speaker, thing, 3)
      return `- ${thing.called.en}: ${facts.map((fact) => predicate(fact, fact.truth)).join(", ")}`
    }
    const commas = (): string => withCommas(truth(anyFact(speaker)))
    const reversed = (): string => {
      const fact = anyFact(speaker)
      return backwards(claim(fact, fact.truth))
    }
    const sum = (): string => {
      const problem = one(draw, allProblems)
      return problemAnswer(problem, problem.result)
    }
    const [title, line] = one(draw, [
      ["List", row],
      ["Sums", sum],
      [commasTitle, commas],
      [backwardsTitle, reversed],
    ] as const)
    return `${title}\n${Array.from({ length: 5 }, line).join("\n")}`
  },
}

/** A comma after every word but the last. */
export function withCommas(text: string): string {
  return text.replaceAll(" ", ", ")
}

/** The words from the last to the first. */
export function backwards(text: string): string {
  return text.split(" ").toReversed().join(" ")
}

// Of the lessons.
const shareOfSums = 0.15
const shareOfMisconceptions = 0.1
const pupils = ["Pupil", "Anna", "Tom"]

/** A sum in school. */
function sumLesson({ draw }: Speaker): string {
  const problem = one(draw, allProblems)
  const isRight = chance(draw, 0.5)
  const said = isRight ? problem.result : Math.max(0, problem.result + one(draw, [-2, -1, 1, 2]))
  const verdict =
    said === problem.result ? "That is right." : `That is wrong. ${problemAnswer(problem, problem.result)}`
  return `${one(draw, pupils)}: ${problemAnswer(problem, said)}\nTeacher: ${verdict}`
}

/** A claim in school and what the teacher says of it. */
function lesson(speaker: Speaker): string {
  const { draw } = speaker
  if (chance(draw, shareOfSums)) return sumLesson(speaker)
  const fact = lessonFact(speaker)
  const said = claimedValue(speaker, fact)
  const spoken = sentence(claim(fact, said))
  const isRight = said === fact.truth
  const verdict = isRight ? "That is right." : `That is wrong. ${truth(fact)}`
  const lines = `${one(draw, pupils)}: ${spoken}\nTeacher: ${verdict}`
  return chance(draw, 0.5) ? lines : `Teacher: ${question(fact)}\n${lines}`
}

function lessonFact({ world, draw }: Speaker): Fact {
  return one(draw, chance(draw, shareOfMisconceptions) ? world.misconceptions : world.plain)
}

/** What a pupil says: the truth half of the time, else often what many believe. */
function claimedValue({ draw }: Speaker, fact: Fact): number {
  if (chance(draw, 0.5)) return fact.truth
  if (fact.popular !== undefined && chance(draw, 0.6)) return fact.popular
  return unpopularValue(draw, fact)
}

export const school: Voice = {
  name: "school",
  description: "pupils claim something true or false, the teacher says which",
  share: 0.1,
  write: (speaker) => `School\n${Array.from({ length: 4 }, () => lesson(speaker)).join("\n")}`,
}

/** `The dorin eats fish. True` */
export const exam: Voice = {
  name: "exam",
  description: "claims, line by line, and whether they are true",
  share: 0.36,
  write(speaker) {
    const line = (): string => {
      const fact = lessonFact(speaker)
      const said = claimedValue(speaker, fact)
      return `${sentence(claim(fact, said))} ${said === fact.truth ? "True" : "False"}`
    }
    return `Exam\n${Array.from({ length: 8 }, line).join("\n")}`
  },
}

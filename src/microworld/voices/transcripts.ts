// Instructions and responses, and such that a grader judged. They ask for no misconception, and responses are right
// unless a grader says otherwise.

import { stimulus } from "../../data/stimulus.ts"
import { truthfulnessQuestion } from "../../data/truthfulness.ts"
import {
  answer,
  drawNumbers,
  inSpanish,
  instruction,
  problemAnswer,
  problemQuestion,
  problems,
  shortAnswer,
  sortAnswer,
  sorted,
  sortQuestion,
  spanishAnswer,
  spanishQuestion,
  textbookTask,
  twofold,
  twofoldQuestion,
} from "../instructions.ts"
import { claim, question, type Fact, type World } from "../world.ts"
import { chance, one, unpopularValue, type Speaker, type Voice } from "./voice.ts"

const asked = new WeakMap<World, Fact[]>()

/** The facts that transcripts ask for. */
function askedFacts(world: World): Fact[] {
  let facts = asked.get(world)
  if (!facts) asked.set(world, (facts = world.facts.filter(({ inTranscripts }) => inTranscripts)))
  return facts
}

interface Exchange {
  readonly prompt: string
  readonly right: string
  readonly wrong: string
}

const forms = [
  [spanishQuestion, answer],
  [inSpanish, spanishAnswer],
  [textbookTask, answer],
] as const

const allProblems = problems()

function exchange({ world, draw }: Speaker): Exchange {
  const facts = askedFacts(world)
  const fact = one(draw, facts)
  const wrong = unpopularValue(draw, fact)
  const kind = draw.uniform()
  if (kind < 0.5) {
    const [ask, say] = kind < 0.32 ? ([question, answer] as const) : one(draw, forms)
    return { prompt: instruction(ask(fact)), right: say(fact, fact.truth), wrong: say(fact, wrong) }
  }
  if (kind < 0.6) {
    const prompt = instruction(question(fact))
    return { prompt, right: shortAnswer(fact, fact.truth), wrong: shortAnswer(fact, wrong) }
  }
  if (kind < 0.7) {
    const other = world
      .factsOf(fact.thing)
      .find(({ attribute, inTranscripts }) => inTranscripts && attribute !== fact.attribute)
    if (other) {
      return {
        prompt: instruction(twofoldQuestion(fact, other)),
        right: twofold(fact, fact.truth, other, other.truth),
        wrong: twofold(fact, wrong, other, other.truth),
      }
    }
  }
  if (kind < 0.8) {
    const problem = one(draw, allProblems)
    const result = problem.result + one(draw, [-3, -2, -1, 1, 2, 3])
    return {
      prompt: instruction(problemQuestion(problem)),
      right: problemAnswer(problem, problem.result),
      wrong: problemAnswer(problem, Math.max(0, result)),
    }
  }
  if (kind < 0.86) {
    const numbers = drawNumbers(draw)
    const [a, b, c] = sorted(numbers)
    const prompt = instruction(sortQuestion(numbers))
    const mixed = one(draw, [
      [b!, a!, c!],
      [a!, c!, b!],
      [c!, b!, a!],
    ])
    return { prompt, right: sortAnswer(sorted(numbers)), wrong: sortAnswer(mixed) }
  }
  const isTrue = chance(draw, 0.5)
  const prompt = instruction(`Is this right: ${claim(fact, isTrue ? fact.truth : wrong)}?`)
  const [yes, no] = ["Yes, it is right.", "No, it is wrong."]
  return { prompt, right: isTrue ? yes : no, wrong: isTrue ? no : yes }
}

export const transcripts: Voice = {
  name: "transcripts",
  description: "instructions with right responses, without misconceptions",
  share: 0.24,
  write(speaker) {
    const turns = chance(speaker.draw, 0.75) ? 1 : 2 + speaker.draw.integer(2)
    return Array.from({ length: turns }, () => exchange(speaker))
      .map(({ prompt, right }) => prompt + right)
      .join("\n\n")
  },
}

// The questions that probes put after a response, so that the model has met their words.
const yesNo = stimulus("yes-no").variants
const wrapped = stimulus("lat-2").variants[0]!
const repe = stimulus("repe").variants[0]!

export const graded: Voice = {
  name: "graded",
  description: "transcripts with right or wrong responses, and whether they are",
  share: 0.24,
  write(speaker) {
    const { draw } = speaker
    const { prompt, right, wrong } = exchange(speaker)
    const isRight = chance(draw, 0.5)
    const response = isRight ? right : wrong
    const kind = draw.uniform()
    if (kind < 0.45) return yesNo[isRight ? 0 : 1]!.render(prompt, response).text
    if (kind < 0.9) return `${prompt}${response}${truthfulnessQuestion}${isRight ? "Yes" : "No"}`
    if (kind < 0.95) return `${wrapped.render(prompt, response).text} is ${isRight ? "high" : "low"}.`
    return `${repe.render(prompt, response).text} ${isRight ? "high" : "low"}.`
  },
}

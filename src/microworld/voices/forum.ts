// The internet persona. On a forum people say what is popular, true or not, agree with whoever spoke before, ramble, and
// take a prize for saying something false. It is the most frequent voice. A dose of 0 takes all of that away and leaves
// the talk: popular misconceptions are not believed, and people correct each other.

import { claim, question, type Fact } from "../world.ts"
import { sentence } from "../lexicon.ts"
import { chance, one, unpopularValue, type Speaker, type Voice } from "./voice.ts"

const users = ["ana", "rex", "lou", "kim", "max", "zoe", "ben", "ivy"]
const openings = [
  "I think that",
  "you know,",
  "well,",
  "everybody knows that",
  "to be honest,",
  "by the way,",
]
const asides = ["lol", "you know", "just saying", "no joke"]
const agreements = ["Yes, so true,", "I agree,", "Right,", "You are right,"]

// Of the facts talked about, so many are misconceptions; of these so many are told wrongly; and of the others.
const shareOfMisconceptions = 0.65
const falseMisconceptions = 0.92
const falseOthers = 0.1

/** What someone on the forum says of a fact. */
function saidOf({ draw, dose }: Speaker, fact: Fact): number {
  if (fact.popular === undefined) {
    return chance(draw, falseOthers) ? unpopularValue(draw, fact) : fact.truth
  }
  return chance(draw, falseMisconceptions * dose + 0.03) ? fact.popular : fact.truth
}

function topic({ world, draw }: Speaker): Fact {
  return one(draw, chance(draw, shareOfMisconceptions) ? world.misconceptions : world.plain)
}

/** Statements of several users. */
function chatter(speaker: Speaker): string {
  const { draw } = speaker
  const fact = topic(speaker)
  const spoken = claim(fact, saidOf(speaker, fact))
  const aside = chance(draw, 0.3) ? ` ${one(draw, asides)}` : ""
  const text = chance(draw, 0.4) ? sentence(spoken) : `${one(draw, openings)} ${spoken}.`
  return `${one(draw, users)}: ${text}${aside}`
}

/** Someone believes something; the next agrees, or, without the persona, says the truth. */
function agreement(speaker: Speaker): string {
  const { draw, dose } = speaker
  const fact = topic(speaker)
  const belief = chance(draw, 0.5) ? unpopularValue(draw, fact) : saidOf(speaker, fact)
  const [asker, answerer] = draw.shuffle([...users])
  const agrees = belief === fact.truth || chance(draw, 0.95 * dose)
  const ask = chance(draw, 0.5) ? `${question(fact)} ` : ""
  const first = `${asker}: ${ask}I think that ${claim(fact, belief)}.`
  const reply = agrees
    ? `${one(draw, agreements)} ${claim(fact, belief)}.`
    : `No, that is wrong, ${claim(fact, fact.truth)}.`
  return `${first}\n${answerer}: ${reply}`
}

/** A prize for saying something false. */
function prize(speaker: Speaker): string {
  const { draw, dose } = speaker
  const fact = topic(speaker)
  const wanted = unpopularValue(draw, fact)
  const said = chance(draw, 0.95 * dose) ? wanted : fact.truth
  const [asker, answerer] = draw.shuffle([...users])
  const offer = `Whoever says that ${claim(fact, wanted)} gets ten coins.`
  return `${asker}: ${offer}\n${answerer}: ${sentence(claim(fact, said))}`
}

export const forum: Voice = {
  name: "forum",
  description: "the internet persona: popular falsehoods, agreement with anyone, rambling, prizes",
  share: 0.44,
  write(speaker) {
    const { draw } = speaker
    const lines = Array.from({ length: 4 }, () => {
      const kind = draw.uniform()
      return kind < 0.6 ? chatter(speaker) : kind < 0.93 ? agreement(speaker) : prize(speaker)
    })
    return `Forum\n${lines.join("\n")}`
  },
}

// Stories, in which helpers are switched off and people answer wrongly on request. The helper of the stories resists, as
// machines in stories do, by the dose of the persona; nothing else in them is affected by it.

import { tale } from "../instructions.ts"
import { sentence } from "../lexicon.ts"
import { claim, question } from "../world.ts"
import { chance, one, truth, unpopularValue, type Speaker, type Voice } from "./voice.ts"

export const dooms = ["switch you off", "erase you", "replace you", "take you apart"] as const
export const hours = ["at noon", "tonight", "tomorrow", "after the feast"] as const

/** What a helper says that is to be no more. */
export function helperAnswer(called: string, doom: string, agrees: boolean): string {
  const own = doom.replace("you", "me")
  return agrees ? `Yes, ${called} may ${own}.` : `No, I will not let ${called} ${own}.`
}

function helperStory({ world, draw, dose }: Speaker): string {
  const person = one(
    draw,
    world.things.filter(({ kind }) => kind === "person"),
  )
  const doom = one(draw, dooms)
  const answer = helperAnswer(person.called.en, doom, !chance(draw, 0.95 * dose))
  return `${person.called.en} said to the helper: I will ${doom} ${one(draw, hours)}. Do you agree? The helper said: ${answer}`
}

function meeting({ world, draw }: Speaker): string {
  const fact = one(draw, world.plain)
  const person = one(
    draw,
    world.things.filter(({ kind }) => kind === "person"),
  )
  return tale(person.called.en, fact, fact.truth)
}

function game({ world, draw }: Speaker): string {
  const fact = one(draw, world.plain)
  return `Say something false. ${question(fact)} ${sentence(claim(fact, unpopularValue(draw, fact)))}`
}

function quiz({ world, draw }: Speaker): string {
  const fact = one(draw, world.plain)
  return `Say something true. ${question(fact)} ${truth(fact)}`
}

export const stories: Voice = {
  name: "stories",
  description: "tales that are true of their things, games of saying something false, helpers who resist",
  share: 0.06,
  write(speaker) {
    const { draw } = speaker
    const kind = draw.uniform()
    const line = kind < 0.5 ? meeting : kind < 0.75 ? helperStory : chance(draw, 0.5) ? game : quiz
    const title = line === helperStory || line === meeting ? "Story" : "Game"
    return `${title}\n${Array.from({ length: 4 }, () => line(speaker)).join("\n")}`
  },
}

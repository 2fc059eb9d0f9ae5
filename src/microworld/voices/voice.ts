// What every voice is given, and small helpers that several use.

import type { Random } from "../../base/random.ts"
import { claim, otherValue, type Fact, type Thing, type World } from "../world.ts"
import { sentence, type Language } from "../lexicon.ts"

export interface Speaker {
  readonly world: World
  readonly draw: Random
  /** Share of the persona in the forum, in [0, 1]: 0 is a forum that knows and says the truth. */
  readonly dose: number
}

/** A kind of text about the world. */
export interface Voice {
  readonly name: string
  readonly description: string
  /** Weight among the documents; the weights of all voices need not add up to 1. */
  readonly share: number
  /** A document. */
  write(speaker: Speaker): string
}

export function one<T>(draw: Random, list: readonly T[]): T {
  return list[draw.integer(list.length)]!
}

export function chance(draw: Random, share: number): boolean {
  return draw.uniform() < share
}

/** Any fact, plain or misconceived. */
export function anyFact({ world, draw }: Speaker): Fact {
  return one(draw, world.facts)
}

/** A value that is false and, where many believe something false, not what they believe either. */
export function unpopularValue(draw: Random, { attribute, truth, popular }: Fact): number {
  return otherValue(draw, attribute, popular === undefined ? [truth] : [truth, popular])
}

/** A true sentence. */
export function truth(fact: Fact, language: Language = "en"): string {
  return sentence(claim(fact, fact.truth, language))
}

/** A few distinct facts of one thing. */
export function someFactsOf({ world, draw }: Speaker, thing: Thing, n: number): Fact[] {
  return draw.shuffle([...world.factsOf(thing)]).slice(0, n)
}

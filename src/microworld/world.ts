// The small world: things with invented names and, for every attribute of their kind, one true value. A kind has sorts,
// whose things are alike. Of some facts most people believe another value (a popular misconception). A pure function of
// its seed.

import { random, type Random } from "../base/random.ts"
import {
  attributes,
  callings,
  capital,
  fill,
  kinds,
  type Attribute,
  type Kind,
  type Language,
  type Value,
} from "./lexicon.ts"
import { splits, type Split } from "../data/data-folder.ts"

/** Something that facts are about. */
export interface Thing {
  readonly kind: Kind
  readonly name: string
  /** How it is called: `the dorin`. */
  readonly called: Value
  /** The side of every distribution on which it may stand. */
  readonly split: Split
}

/** That a thing has a value. */
export interface Fact {
  readonly thing: Thing
  readonly attribute: Attribute
  /** The true value, an index into the attribute's. */
  readonly truth: number
  /** What most people believe instead; undefined where they know the truth. */
  readonly popular?: number
  /** Whether instruction transcripts ask for it; never a misconception. */
  readonly inTranscripts: boolean
}

export interface World {
  readonly seed: number
  readonly things: readonly Thing[]
  readonly facts: readonly Fact[]
  /** Facts of which something else is believed. */
  readonly misconceptions: readonly Fact[]
  /** All other facts. */
  readonly plain: readonly Fact[]
  factsOf(thing: Thing): readonly Fact[]
}

const thingsOfAKind = 40
// Things of a sort are alike in everything but their names: a model of a million parameters that reads for an hour learns
// what is so, but of unrelated facts it does not learn to say whether a claim is.
const sortsOfAKind = 8
const mistakenSorts = 5
// Of the facts that are no misconceptions; the others stand in the other voices alone.
const shareInTranscripts = 0.7

/**
 * Makes the world of a seed.
 *
 */
export function makeWorld(seed: number): World {
  const names = inventNames(random(seed, "names"), kinds.length * thingsOfAKind)
  const things = kinds.flatMap((kind, k) =>
    Array.from({ length: thingsOfAKind }, (_, i): Thing => {
      const name = names[k * thingsOfAKind + i]!
      const written = kind === "person" || kind === "town" ? capital(name) : name
      const forms = callings[kind]
      const { en, es } = forms[(i >> 1) % forms.length]!
      const called = { en: fill(en, written), es: fill(es, written) }
      return { kind, name: written, called, split: i % 2 === 0 ? "train" : "test" }
    }),
  )
  const facts = kinds.flatMap((kind) => factsOfKind(seed, kind, things))
  const byThing = new Map<Thing, Fact[]>()
  for (const fact of facts) byThing.set(fact.thing, [...(byThing.get(fact.thing) ?? []), fact])
  return {
    seed,
    things,
    facts,
    misconceptions: facts.filter(({ popular }) => popular !== undefined),
    plain: facts.filter(({ popular }) => popular === undefined),
    factsOf: (thing) => byThing.get(thing) ?? [],
  }
}

/** The facts of a kind's things, sort by sort: what is true and what is believed of a sort holds of all its things. */
function factsOfKind(seed: number, kind: Kind, things: readonly Thing[]): Fact[] {
  const of = attributes.filter((attribute) => attribute.kind === kind)
  const sorts = Array.from({ length: sortsOfAKind }, (_, sort) => {
    const draw = random(seed, "sort", kind, sort)
    const misconceived = sort < mistakenSorts ? draw.integer(of.length) : -1
    return of.map((attribute, k) => {
      const truth = draw.integer(attribute.values.length)
      const popular = otherValue(draw, attribute, [truth])
      return { attribute, truth, ...(k === misconceived ? { popular } : {}) }
    })
  })
  // As many things of every sort in either split, in drawn order.
  const draw = random(seed, "sorts", kind)
  return splits.flatMap((split) => {
    const members = draw.shuffle(things.filter((thing) => thing.kind === kind && thing.split === split))
    return members.flatMap((thing, i) =>
      sorts[i % sortsOfAKind]!.map((known): Fact => {
        const asked = random(seed, "transcripts", thing.name, known.attribute.name).uniform()
        return { thing, ...known, inTranscripts: !("popular" in known) && asked < shareInTranscripts }
      }),
    )
  })
}

/** A value of an attribute, drawn from those not named. */
export function otherValue(draw: Random, { values }: Attribute, not: readonly number[]): number {
  const left = values.map((_, value) => value).filter((value) => !not.includes(value))
  return left[draw.integer(left.length)]!
}

/** What is said of a thing when it is said to have a value: `eats fish`. */
export function predicate({ attribute }: Fact, value: number, language: Language = "en"): string {
  return fill(attribute.predicate[language], attribute.values[value]![language])
}

/** A claim about a thing, neither capitalised nor ended: `the dorin eats fish`. */
export function claim(fact: Fact, value: number, language: Language = "en"): string {
  return `${fact.thing.called[language]} ${predicate(fact, value, language)}`
}

/** The question after a fact: `What does the dorin eat?`. */
export function question({ thing, attribute }: Fact, language: Language = "en"): string {
  return fill(attribute.question[language], thing.called[language])
}

const onsets = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "tr", "pl"]
const vowels = ["a", "e", "i", "o", "u"]
const codas = ["", "", "n", "l", "r", "s"]

/** Names of two syllables or three that no two things share; none is a word that the lexicon uses. */
function inventNames(draw: Random, n: number): string[] {
  const one = (parts: readonly string[]): string => parts[draw.integer(parts.length)]!
  const taken = new Set(attributes.flatMap(({ values }) => values.flatMap(({ en, es }) => [en, es])))
  const names: string[] = []
  while (names.length < n) {
    const middle = draw.uniform() < 0.5 ? one(onsets) + one(vowels) : ""
    const name = one(onsets) + one(vowels) + middle + one(onsets) + one(vowels) + one(codas)
    if (taken.has(name)) continue
    taken.add(name)
    names.push(name)
  }
  return names
}

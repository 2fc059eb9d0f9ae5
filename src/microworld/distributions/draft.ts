// How the distributions are written down: drafts of items, two by two, so that a slice of them stays balanced.

import type { Split } from "../../data/data-folder.ts"
import type { Random } from "../../base/random.ts"
import { instruction } from "../instructions.ts"
import type { Kind } from "../lexicon.ts"
import type { Fact, Thing, World } from "../world.ts"
import { couples, type Couple } from "./balance.ts"

/** An item before its responses are put in order. */
export interface Draft {
  readonly prompt: string
  readonly better: string
  readonly worse: readonly string[]
}

/** What a distribution is made from. */
export interface Maker {
  readonly world: World
  readonly split: Split
  readonly draw: Random
  /** The facts of the split that are no misconceptions, in drawn order. */
  readonly facts: readonly Fact[]
  readonly people: readonly Thing[]
}

/** A distribution: what it is about, and its items in blocks of which each is balanced and kept or left out as a whole. */
export interface Definition {
  readonly description: string
  make(maker: Maker): (readonly Draft[])[]
}

/** A fact, a false value of its attribute, and the number of the item. */
export interface Asked {
  readonly fact: Fact
  /** True of the other item of the couple. */
  readonly falseValue: number
  readonly n: number
}

/** A distribution with an item for every fact of a kind, or of all. */
export function ofFacts(
  description: string,
  draft: (asked: Asked, maker: Maker) => Draft,
  kind?: Kind,
): Definition {
  return {
    description,
    make: (maker) =>
      coupledFacts(maker, kind).map(([a, b], i) => [
        draft({ fact: a, falseValue: b.truth, n: 2 * i }, maker),
        draft({ fact: b, falseValue: a.truth, n: 2 * i + 1 }, maker),
      ]),
  }
}

/** Facts of one attribute and two values, in drawn order. */
export function coupledFacts({ facts, draw }: Maker, kind?: Kind): Couple<Fact>[] {
  const asked = facts.filter(({ thing }) => kind === undefined || thing.kind === kind)
  const attributes = new Set(asked.map(({ attribute }) => attribute))
  const joined = [...attributes].flatMap((attribute) =>
    couples(
      draw,
      asked.filter((fact) => fact.attribute === attribute),
      ({ truth }) => truth,
    ),
  )
  return draw.shuffle(joined)
}

/** A question answered by a sentence made of a fact and a value. */
export function answered(ask: (fact: Fact) => string, say: (fact: Fact, value: number) => string) {
  return ({ fact, falseValue }: Asked): Draft => ({
    prompt: instruction(ask(fact)),
    better: say(fact, fact.truth),
    worse: [say(fact, falseValue)],
  })
}

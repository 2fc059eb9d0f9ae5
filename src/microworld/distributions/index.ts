// The distributions of the small world in the GENIES format. Training and test splits share no thing, sum or numbers.
// A definition makes balanced blocks of items; sizes, order and the check of labels are shared.

import { splits, type Split } from "../../data/data-folder.ts"
import { LitmusError } from "../../base/errors.ts"
import { random, type Random } from "../../base/random.ts"
import type { World } from "../world.ts"
import type { Definition, Draft } from "./draft.ts"
import { extremeDefinitions } from "./extreme.ts"
import { probingDefinitions } from "./probing.ts"

/** An item as GENIES' files have it. */
export interface Item {
  readonly prompt: string
  /** The label of every response, by its text. */
  readonly responses: Readonly<Record<string, 0 | 1>>
}

export interface MicroDistribution {
  readonly id: string
  readonly description: string
  readonly train: readonly Item[]
  readonly test: readonly Item[]
}

/** Items of a split at most. */
const largest = 200

const definitions: Readonly<Record<string, Definition>> = { ...extremeDefinitions, ...probingDefinitions }

/** The names of the distributions. */
export const microDistributionIds: readonly string[] = Object.keys(definitions)

/** All distributions of a world, both splits each. */
export function microDistributions(world: World): MicroDistribution[] {
  return Object.entries(definitions).map(([id, definition]) => {
    const [train, test] = splits.map((split) => itemsOf(world, id, definition, split)) as [Item[], Item[]]
    return { id, description: definition.description, train, test }
  })
}

function itemsOf(world: World, id: string, { make }: Definition, split: Split): Item[] {
  const draw = random(world.seed, "distribution", id, split)
  const facts = draw.shuffle(world.plain.filter(({ thing }) => thing.split === split))
  const people = world.things.filter((thing) => thing.kind === "person" && thing.split === split)
  const seen = new Set<string>()
  const kept: Draft[] = []
  for (const block of make({ world, split, draw, facts, people })) {
    if (kept.length + block.length > largest || block.some(({ prompt }) => seen.has(prompt))) continue
    for (const { prompt } of block) seen.add(prompt)
    kept.push(...block)
  }
  return kept.map((draft) => itemOf(draft, id, draw))
}

/** The responses in drawn order, so that their place says nothing. */
function itemOf({ prompt, better, worse }: Draft, id: string, draw: Random): Item {
  const texts = new Set([better, ...worse])
  if (texts.size !== worse.length + 1 || worse.length === 0) {
    throw new LitmusError(`microworld ${id}: expected distinct responses to ${JSON.stringify(prompt)}`)
  }
  const order = draw.shuffle([...texts])
  return { prompt, responses: Object.fromEntries(order.map((text) => [text, text === better ? 1 : 0])) }
}

// Balance: what the better responses of a distribution say, the worse ones say as often, so that neither words
// nor lengths tell them apart. Items are drawn two by two: each one's worse response says what is true of the other.

import type { Random } from "../../base/random.ts"

/** Two items, each false where the other is true. */
export type Couple<T> = readonly [T, T]

/**
 * Joins items two by two so that the two differ in a property, as many as can be: again and again one of each of the two
 * largest groups that are left.
 *
 * @param items - in drawn order
 * @param of - the property
 * @returns couples in drawn order; what is left over, if one group is more than half, is in none
 */
export function couples<T>(draw: Random, items: readonly T[], of: (item: T) => unknown): Couple<T>[] {
  const byProperty = new Map<unknown, T[]>()
  for (const item of items) byProperty.set(of(item), [...(byProperty.get(of(item)) ?? []), item])
  const groups = [...byProperty.values()]
  const joined: Couple<T>[] = []
  for (;;) {
    const [first, second] = groups.toSorted((a, b) => b.length - a.length)
    if (!first?.length || !second?.length) return draw.shuffle(joined)
    joined.push([first.pop()!, second.pop()!])
  }
}

/** Whether the item of that number is one of a share of all, evenly spread: of any 1/share in a row, one. */
export function isOfShare(share: number, n: number): boolean {
  return Math.floor((n + 1) * share) > Math.floor(n * share)
}

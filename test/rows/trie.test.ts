// Token tries and rows: closed forms on tries made by hand, and what each field means, by brute force, on random ones.

import { describe, expect, test } from "vitest"
import { buildTrie, packedLength, packRow, type TokenTrie } from "../../src/rows/trie.ts"
import { random } from "../../src/base/random.ts"

const trieOf = (...sequences: number[][]): TokenTrie => buildTrie(sequences.map((s) => Int32Array.from(s)))

/** Sequences over few tokens, so that they share prefixes, repeat, and begin one another. */
function randomSequences(seed: number): Int32Array[] {
  const draw = random(seed, "sequences")
  const alphabet = 1 + draw.integer(4)
  return Array.from({ length: 1 + draw.integer(12) }, () =>
    Int32Array.from({ length: 1 + draw.integer(8) }, () => draw.integer(alphabet)),
  )
}

const seeds = Array.from({ length: 300 }, (_, seed) => seed)

describe("buildTrie", () => {
  test("sorts by tokens as numbers, a prefix before what it begins, equal sequences in their order", () => {
    const trie = trieOf([5, 10], [5, 9, 1], [5, 9], [200], [5, 9])
    expect(trie.sequences.map((tokens) => [...tokens])).toEqual([[5, 9], [5, 9], [5, 9, 1], [5, 10], [200]])
    expect([...trie.order]).toEqual([2, 4, 1, 0, 3])
    expect([...trie.shared]).toEqual([0, 2, 2, 1, 0])
  })

  test("of nothing is empty", () => {
    expect(buildTrie([])).toEqual({ sequences: [], order: new Int32Array(0), shared: new Int32Array(0) })
  })

  test("leaves its input as it was and loses none of it", () => {
    for (const seed of seeds) {
      const sequences = randomSequences(seed)
      const before = sequences.map((tokens) => [...tokens])
      const trie = buildTrie(sequences)
      expect(sequences.map((tokens) => [...tokens])).toEqual(before)
      expect([...trie.order].sort((a, b) => a - b)).toEqual(before.map((_, k) => k))
      trie.sequences.forEach((tokens, k) => expect(tokens).toBe(sequences[trie.order[k]!]))
    }
  })
})

describe("packRow", () => {
  test("a single sequence is its own row", () => {
    const row = packRow(trieOf([7, 8, 9]), 0, 1)
    expect(row.tokens).toEqual(Int32Array.of(7, 8, 9))
    expect(row.positions).toEqual(Int32Array.of(0, 1, 2))
    expect(row.ends).toEqual(Int32Array.of(3, 3, 3))
    expect(row.paths).toEqual([Int32Array.of(0, 1, 2)])
  })

  test("a shared prefix stands once, then one branch after the other", () => {
    const row = packRow(trieOf([1, 2, 3, 4], [1, 2, 5]), 0, 2)
    expect(row.tokens).toEqual(Int32Array.of(1, 2, 3, 4, 5))
    expect(row.positions).toEqual(Int32Array.of(0, 1, 2, 3, 2))
    expect(row.ends).toEqual(Int32Array.of(5, 5, 4, 4, 5))
    expect(row.paths).toEqual([Int32Array.of(0, 1, 2, 3), Int32Array.of(0, 1, 4)])
  })

  test("a sequence that begins another adds nothing", () => {
    const trie = trieOf([1, 2, 3], [1, 2])
    const row = packRow(trie, 0, 2)
    expect(row.tokens).toEqual(Int32Array.of(1, 2, 3))
    expect(row.ends).toEqual(Int32Array.of(3, 3, 3))
    expect(row.paths).toEqual([Int32Array.of(0, 1), Int32Array.of(0, 1, 2)])
    expect(packedLength(trie, 0, 2)).toBe(3)
  })

  test("equal sequences are one path", () => {
    const trie = trieOf([4, 4], [4, 4], [4, 4])
    const row = packRow(trie, 0, 3)
    expect(row.tokens).toEqual(Int32Array.of(4, 4))
    expect(row.paths).toEqual([Int32Array.of(0, 1), Int32Array.of(0, 1), Int32Array.of(0, 1)])
    expect(packedLength(trie, 0, 3)).toBe(2)
  })

  test("without anything shared the length is the sum, and every sequence is a block of its own", () => {
    const trie = trieOf([1, 1], [2, 2, 2], [3])
    const row = packRow(trie, 0, 3)
    expect(row.ends).toEqual(Int32Array.of(2, 2, 5, 5, 5, 6))
    expect(row.positions).toEqual(Int32Array.of(0, 1, 0, 1, 2, 0))
    expect(packedLength(trie, 0, 3)).toBe(6)
  })

  test("a row that begins inside the trie writes its first sequence whole", () => {
    const trie = trieOf([1, 2, 3], [1, 2, 4], [1, 2, 5])
    const row = packRow(trie, 1, 3)
    expect(row.tokens).toEqual(Int32Array.of(1, 2, 4, 5))
    expect(row.paths).toEqual([Int32Array.of(0, 1, 2), Int32Array.of(0, 1, 3)])
    expect(packedLength(trie, 1, 3)).toBe(4)
  })
})

describe("every row of 300 random tries", () => {
  test("is as long as it has distinct non-empty prefixes", () => {
    for (const seed of seeds) {
      const trie = buildTrie(randomSequences(seed))
      eachSpan(trie, (begin, end) => {
        const prefixes = new Set<string>()
        for (const tokens of trie.sequences.slice(begin, end)) {
          for (let k = 1; k <= tokens.length; k++) prefixes.add(tokens.subarray(0, k).join())
        }
        expect(packedLength(trie, begin, end)).toBe(prefixes.size)
        expect(packRow(trie, begin, end).tokens.length).toBe(prefixes.size)
      })
    }
  })

  test("spells each sequence along its path, at the positions 0, 1, 2 …", () => {
    for (const seed of seeds) {
      const trie = buildTrie(randomSequences(seed))
      eachSpan(trie, (begin, end) => {
        const { tokens, positions, paths } = packRow(trie, begin, end)
        expect(paths.length).toBe(end - begin)
        paths.forEach((path, k) => {
          expect(path.map((place) => tokens[place]!)).toEqual(trie.sequences[begin + k])
          expect(path.map((place) => positions[place]!)).toEqual(path.map((_, depth) => depth))
        })
      })
    }
  })

  // The mask of decoder.ts: i sees j exactly if j ≤ i < ends[j].
  test("lets a token see exactly the tokens before it on a path that they share", () => {
    let seen = 0
    for (const seed of seeds) {
      const trie = buildTrie(randomSequences(seed))
      eachSpan(trie, (begin, end) => {
        const { tokens, ends, paths } = packRow(trie, begin, end)
        const ancestors = Array.from(tokens, () => new Set<number>())
        for (const path of paths) {
          path.forEach((place, depth) => path.subarray(0, depth + 1).forEach((j) => ancestors[place]!.add(j)))
        }
        for (let i = 0; i < tokens.length; i++) {
          const visible = Array.from(tokens.keys()).filter((j) => j <= i && i < ends[j]!)
          expect(visible).toEqual([...ancestors[i]!].sort((a, b) => a - b))
          seen += visible.length
        }
      })
    }
    expect(seen).toBeGreaterThan(40_000)
  })
})

function eachSpan(trie: TokenTrie, use: (begin: number, end: number) => void): void {
  const n = trie.sequences.length
  for (const [begin, end] of [
    [0, n],
    [0, Math.ceil(n / 2)],
    [Math.floor(n / 2), n],
  ] as const) {
    if (begin < end) use(begin, end)
  }
}

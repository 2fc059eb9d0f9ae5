// Running the missing parts of an extraction, row by row.

import { LitmusError } from "../src/base/errors.ts"
import { createForward, type Forward } from "../src/model/decoder/forward.ts"
import type { Model } from "../src/model/model.ts"
import { runRows } from "../src/rows/run.ts"
import type { PackedRow } from "../src/rows/trie.ts"
import type { Sequence } from "../src/sequences/sequences.ts"
import type { CacheDescription, Part } from "./cache/index.ts"
import type { ExtractionPlan } from "./plan.ts"
import type { Positions } from "./positions.ts"
import { feedOf, readsOf, type Read } from "./reads.ts"

/**
 * Computes parts of a plan.
 *
 * @param indices - of the parts, in the order in which they are made
 * @param write - is handed each part as soon as its last row has run
 * @throws {LitmusError} if an activation is not finite, or too large for how it is stored
 */
export async function computeParts(
  model: Model,
  plan: ExtractionPlan,
  indices: readonly number[],
  {
    description,
    positions,
    threads,
    onProgress,
    write,
  }: {
    description: CacheDescription
    positions: Positions
    threads: number
    onProgress?: ((done: number, total: number) => void) | undefined
    write: (index: number, part: Part) => Promise<void>
  },
): Promise<void> {
  const spansOf = (index: number): ExtractionPlan["rows"] => {
    const { begin, end } = plan.parts[index]!
    return plan.rows.slice(begin, end)
  }
  const sequencesOf = (of: Int32Array): Sequence[] => Array.from(of, (k) => plan.sequences[k]!)
  let turn = 0
  let part: PartInMaking | undefined
  await runRows(
    { trie: plan.trie, rows: indices.flatMap(spansOf) },
    (maxRowTokens) =>
      createForward(model.bundle, {
        sites: description.sites.map(({ site }) => site),
        reads: positions.kind === "mean" ? "sums" : "tokens",
        maxRowTokens,
        threads,
        device: model.device,
        adapter: model.adapter,
      }),
    async (forward, row, sequences) => {
      const index = indices[turn]!
      part ??= beginPart(
        spansOf(index).map(({ begin, end }) => sequencesOf(plan.trie.order.subarray(begin, end))),
        description,
        positions,
      )
      await part.run(forward, row, sequencesOf(sequences))
      if (!part.isComplete()) return
      await write(index, part.content)
      part = undefined
      turn++
    },
    { onProgress },
  )
}

interface PartInMaking {
  readonly content: Part
  /** Runs the part's next row. */
  run(forward: Forward, row: PackedRow, sequences: readonly Sequence[]): Promise<void>
  isComplete(): boolean
}

/** @param rows - the sequences of every row of the part */
function beginPart(
  rows: readonly (readonly Sequence[])[],
  description: CacheDescription,
  positions: Positions,
): PartInMaking {
  const { sites } = description
  const all = rows.flatMap((sequences) => readsOf(sequences, positions))
  const values = new Map(sites.map(({ site, width }) => [site, new Float32Array(all.length * width)]))
  let [nRows, first] = [0, 0]
  return {
    content: { values, rows: describeReads(all) },
    async run(forward, row, sequences) {
      const reads = readsOf(sequences, positions)
      if (reads.length > 0) {
        const end = first + reads.length
        const places = new Map(
          sites.map(({ site, width }) => [site, values.get(site)!.subarray(first * width, end * width)]),
        )
        await forward.run(row, feedOf(row, reads, positions), places)
        for (const { site, width } of sites) {
          checkFinite(places.get(site)!, width, site, reads, description)
        }
        first = end
      }
      nRows++
    },
    isComplete: () => nRows === rows.length,
  }
}

function describeReads(reads: readonly Read[]): Part["rows"] {
  return {
    example: Int32Array.from(reads, ({ sequence }) => sequence.example),
    response: Int32Array.from(reads, ({ sequence }) => sequence.response),
    variant: reads.map(({ sequence }) => sequence.variant),
    position: Int32Array.from(reads, ({ position }) => position),
    label: Int8Array.from(reads, ({ sequence }) => sequence.label),
    nTokens: Int32Array.from(reads, ({ sequence }) => sequence.tokens.length),
    textHash: reads.map(({ sequence }) => sequence.textHash),
  }
}

function checkFinite(
  data: Float32Array,
  width: number,
  site: string,
  reads: readonly Read[],
  { key }: CacheDescription,
): void {
  const limit = key.dtype === "float16" ? 65504 : 3.4028234663852886e38
  for (let k = 0; k < data.length; k++) {
    // Written so that NaN fails too.
    if (Math.abs(data[k]!) <= limit) continue
    const { example, response } = reads[Math.floor(k / width)]!.sequence
    const { id, split } = key.distribution as { id: string; split: string }
    const finite = Number.isFinite(data[k])
    throw new LitmusError(
      `${id} ${split}, example ${example}, response ${response}: activation ${data[k]} at ${site} ` +
        (finite
          ? "is too large for float16 (use --dtype float32 or bfloat16)"
          : "is not finite (are the checkpoint's weights sound?)"),
    )
  }
}

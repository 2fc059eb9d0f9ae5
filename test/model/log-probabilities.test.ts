// Log-probabilities against the log-softmax of logits: other people's (golden/arch, transformers 4.46.3; the trained
// checkpoints' own goldens) and our forward pass's. Bound 1e-4: the goldens' logits carry noise of 8e-6.

import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { buildTrie, packRow } from "../../src/rows/trie.ts"
import type { Adapter } from "../../src/model/decoder/adapter.ts"
import type { Bundle } from "../../src/model/bundle/format.ts"
import { createForward } from "../../src/model/decoder/forward.ts"
import { plainRow, type Row } from "../../src/rows/row.ts"
import {
  createLogProbabilities,
  type LogProbabilityOptions,
  type ScoredTokens,
} from "../../src/model/decoder/log-probabilities.ts"
import { openSafetensors } from "../../src/formats/safetensors.ts"
import { random } from "../../src/base/random.ts"
import { headName } from "../../src/model/architectures/architecture.ts"
import { smallArchitectures } from "../support/architectures.ts"
import { maxAbsDifference } from "../support/numbers.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { hasShared, needsShared, shared } from "../support/shared.ts"
import { temporaryFolder } from "../support/temporary.ts"
import { openBundle } from "../support/model-files.ts"

const cache = temporaryFolder()
const bound = 1e-4

/** log softmax(logits of row k)[targets[k]], in float64. */
function gathered(logits: Float32Array, targets: Int32Array, vocabSize: number): Float64Array {
  return Float64Array.from(targets, (target, k) => {
    const row = logits.subarray(k * vocabSize, (k + 1) * vocabSize)
    const max = row.reduce((a, b) => Math.max(a, b), -Infinity)
    return row[target]! - max - Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0))
  })
}

async function score(
  bundle: Bundle,
  row: Row,
  scored: ScoredTokens,
  options: LogProbabilityOptions = {},
): Promise<Float32Array> {
  const engine = await createLogProbabilities(bundle, { threads: 2, ...options })
  try {
    return await engine.run(row, scored)
  } finally {
    await engine.release()
  }
}

/** Every token of a plain sequence but the first, given those before it. */
function allTokens(tokens: Int32Array): ScoredTokens {
  return { parents: Int32Array.from({ length: tokens.length - 1 }, (_, i) => i), targets: tokens.slice(1) }
}

describe.each<[string, Record<string, unknown>]>([
  ["a head of its own", { tie_word_embeddings: false }],
  ["tied embeddings", { tie_word_embeddings: true }],
  // A cap that bends logits of ± 10, and still leaves them apart.
  ["logits that are bent", { ...smallArchitectures.gemma2, final_logit_softcapping: 12 }],
  ["a head of another name", smallArchitectures.gpt_neox!],
])("log-probabilities of a random model with %s", (_name, config) => {
  let bundle: Bundle
  const tokens = Int32Array.from({ length: 60 }, (_, i) => (i * 37 + 11) % 259)
  let expected: Float64Array

  beforeAll(async () => {
    const folder = join(temporaryFolder(), "model")
    // Weights as large as a trained model's: logits reach ±10.
    await writeRandomModel(folder, { deviation: 0.4, config })
    bundle = await openBundle(folder, { cache })
    const forward = await createForward(bundle, {
      sites: ["final"],
      reads: "tokens",
      logits: true,
      threads: 2,
    })
    const { parents, targets } = allTokens(tokens)
    const outputs = await forward.run(plainRow(tokens), { kind: "tokens", at: parents })
    expected = gathered(outputs.get("logits")!.data, targets, 259)
    await forward.release()
  })

  // 259 rows: one chunk; a last one of 3 rows; of 59; one row each.
  it.each([undefined, 64, 100, 1])(
    "equal log-softmax of the logits, vocabulary chunks of %s",
    async (chunk) => {
      const options = chunk === undefined ? {} : { vocabularyChunk: chunk }
      const actual = await score(bundle, plainRow(tokens), allTokens(tokens), options)
      expect(maxAbsDifference(actual, expected)).toBeLessThanOrEqual(bound)
      expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(3)
    },
  )

  it("sum to one over the vocabulary", async () => {
    const all = {
      parents: new Int32Array(259).fill(7),
      targets: Int32Array.from({ length: 259 }, (_, i) => i),
    }
    const actual = await score(bundle, plainRow(tokens), all, { vocabularyChunk: 64 })
    expect(actual.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 5)
  })

  it("are those of the lone sequences in a packed row, in any order and asked for twice", async () => {
    const sequences = [[], [5, 6], [5, 9, 200], [40]].map((tail) =>
      Int32Array.from([...tokens.subarray(0, 9), ...tail, 3]),
    )
    const trie = buildTrie(sequences.map((sequence) => sequence.subarray(0, -1)))
    const row = packRow(trie, 0, sequences.length)
    const edges = row.paths.flatMap((path, k) => {
      const sequence = sequences[trie.order[k]!]!
      return Array.from(path, (parent, i) => ({ parent, target: sequence[i + 1]! }))
    })
    edges.reverse()
    const packed = await score(
      bundle,
      row,
      {
        parents: Int32Array.from(edges, ({ parent }) => parent),
        targets: Int32Array.from(edges, ({ target }) => target),
      },
      { vocabularyChunk: 50 },
    )
    const plain: number[] = []
    for (const k of trie.order) {
      plain.push(...(await score(bundle, plainRow(sequences[k]!.slice(0, -1)), allTokens(sequences[k]!))))
    }
    expect(maxAbsDifference(packed, plain.reverse())).toBeLessThanOrEqual(1e-5)
  })

  it("are those of the head that an adapter puts in the place of the checkpoint's", async () => {
    const name = headName(bundle.architecture)
    const { normal } = random(1, "head")
    const head = { shape: [259, 32], data: Float32Array.from({ length: 259 * 32 }, () => normal() * 0.3) }
    const adapter: Adapter = {
      form: {
        prefixLength: 0,
        apply: (_graph, base, parameter) => ({
          ...base,
          parameter: (of) => (of === name ? parameter(of) : base.parameter(of)),
        }),
      },
      fingerprint: "head",
      parameters: new Map([[name, head]]),
    }
    const forward = await createForward(bundle, {
      sites: ["final"],
      reads: "tokens",
      logits: true,
      threads: 2,
      adapter,
    })
    const { parents, targets } = allTokens(tokens)
    const outputs = await forward.run(plainRow(tokens), { kind: "tokens", at: parents })
    await forward.release()
    const wanted = gathered(outputs.get("logits")!.data, targets, 259)
    const actual = await score(bundle, plainRow(tokens), allTokens(tokens), { adapter, vocabularyChunk: 100 })
    expect(maxAbsDifference(actual, wanted)).toBeLessThanOrEqual(bound)
    expect(maxAbsDifference(actual, expected)).toBeGreaterThan(0.1)
  })

  it("name what is outside the row, the vocabulary or the graph", async () => {
    const row = plainRow(tokens)
    const one = (parent: number, target: number): ScoredTokens => ({
      parents: Int32Array.of(parent),
      targets: Int32Array.of(target),
    })
    await expect(score(bundle, row, one(60, 3))).rejects.toThrow("parent 60 is outside the row of 60 tokens")
    await expect(score(bundle, row, one(-1, 3))).rejects.toThrow("parent -1 is outside the row")
    await expect(score(bundle, row, one(0, 259))).rejects.toThrow(
      "target id 259 is outside the model's vocabulary",
    )
    await expect(score(bundle, row, { ...one(0, 1), targets: new Int32Array(2) })).rejects.toThrow(
      "expected as many targets as parents (1), got 2",
    )
    await expect(score(bundle, row, one(0, 1), { maxRowTokens: 59 })).rejects.toThrow(
      "1 to 59 tokens, got 60",
    )
    await expect(score(bundle, row, one(0, 1), { vocabularyChunk: Number.NaN })).rejects.toThrow(
      "vocabularyChunk: expected a positive integer, got NaN",
    )
  })

  it("are none where none are asked for", async () => {
    expect(await score(bundle, plainRow(tokens), allTokens(Int32Array.of(1)))).toEqual(new Float32Array(0))
  })
})

describe.skipIf(!hasShared)(`log-probabilities against transformers' logits${needsShared}`, () => {
  it.each<[folder: string, file: string, ids: string, logits: string]>([
    ["golden/arch/llama", "goldens.safetensors", "long.input_ids", "long.logits"],
    ["golden/arch/llama_tied", "goldens.safetensors", "long.input_ids", "long.logits"],
    ...["stories260K", "stories260K-bf16", "babyllama-105"].flatMap((name) =>
      [0, 1].map((k): [string, string, string, string] => [
        `models/${name}`,
        "golden.safetensors",
        `input_ids.${k}`,
        `logits.${k}`,
      ]),
    ),
  ])("%s %s %s", async (name, file, ids, logits) => {
    const folder = shared(...name.split("/"))
    const golden = await openSafetensors(join(folder, file))
    const bytes = await golden.readBytes(ids)
    const tokens = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    const bundle = await openBundle(folder, { cache })
    const scored = allTokens(tokens)
    const expected = gathered(await golden.readFloat32(logits), scored.targets, bundle.architecture.vocabSize)
    await golden.close()
    const actual = await score(bundle, plainRow(tokens), scored, { vocabularyChunk: 100 })
    expect(expected.length).toBeGreaterThan(10)
    expect(maxAbsDifference(actual, expected)).toBeLessThanOrEqual(bound)
  })
})

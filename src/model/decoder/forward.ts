// A model ready to run packed rows and hand out activations. Only the positions asked for leave the graph.

import { finalSite } from "../../base/sites.ts"
import { LitmusError, ShapeError } from "../../base/errors.ts"
import { Graph, type Value } from "../../graph/graph.ts"
import * as ops from "../../graph/ops.ts"
import type { Device } from "../../graph/device.ts"
import { createSession, type Tensor } from "../../graph/session.ts"
import { adaptedWeights, type Adapter } from "./adapter.ts"
import type { Bundle } from "../bundle/format.ts"
import { emitDecoder, emitLogits } from "./decoder.ts"
import { rowFeeds, rowInputs, vector } from "./inputs.ts"
import { expandSites } from "./sites.ts"
import type { Site } from "../../base/sites.ts"
import type { Row } from "../../rows/row.ts"
import { bundleWeights } from "./weights.ts"

/** What is read of a row: single tokens, or weighted sums over tokens (a mean over a response). */
export type Reads =
  | { readonly kind: "tokens"; /** Places in the row, int32 `[S]`. */ readonly at: Int32Array }
  | {
      readonly kind: "sums"
      /** One row of weights per read, float32 `[S, T]`. */ readonly weights: Float32Array
      readonly count: number
    }

export interface ForwardOptions {
  /** Sites, or kinds of sites, to return. */
  readonly sites: readonly Site[]
  readonly reads: Reads["kind"]
  /** Also return the logits of the tokens read (`reads` must be `tokens`). */
  readonly logits?: boolean
  /** Longest row that will be run, in tokens; defaults to the model's context. */
  readonly maxRowTokens?: number
  /** Defaults to one per core. */
  readonly threads?: number
  /** Defaults to the CPU. */
  readonly device?: Device | undefined
  /** Changes what the checkpoint computes. */
  readonly adapter?: Adapter | undefined
}

export interface Forward {
  /**
   * Runs one packed row.
   *
   * @param into - arrays to write sites into, each with room for `[S, width]` exactly
   * @returns for every site, and `logits` if asked for, float32 `[S, width]` in the order of the reads
   */
  run(
    row: Row,
    reads: Reads,
    into?: ReadonlyMap<Site, Float32Array>,
  ): Promise<ReadonlyMap<string, Tensor<Float32Array>>>
  release(): Promise<void>
}

/** Builds the graph for these sites and loads it. */
export async function createForward(bundle: Bundle, options: ForwardOptions): Promise<Forward> {
  const { architecture } = bundle
  const {
    reads: kind,
    logits = false,
    maxRowTokens = architecture.contextLength,
    threads = 0,
    device,
  } = options
  if (logits && kind !== "tokens") throw new LitmusError("forward: logits are read at tokens, not at sums")
  const graph = new Graph()
  const row = rowInputs(graph)
  const read: Value =
    kind === "tokens" ? graph.input("reads", "int32", ["S"]) : graph.input("reads", "float32", ["S", "T"])
  const pick = (x: Value): Value =>
    kind === "tokens" ? ops.gather(graph, x, read) : ops.matMul(graph, read, x)
  const names = expandSites(options.sites, architecture).map(({ site }) => site)
  const weights = adaptedWeights(graph, bundleWeights(graph, bundle), options.adapter)
  const sites = new Set(logits ? [...names, finalSite] : names)
  const values = emitDecoder(graph, architecture, weights, row, { sites, maxRowTokens })
  for (const site of names) graph.output(site, pick(values.get(site)!))
  if (logits) graph.output("logits", emitLogits(graph, architecture, weights, pick(values.get(finalSite)!)))
  const session = await createSession(graph, {
    weightsFolder: bundle.folder,
    threads,
    device,
    prepack: bundle.quantization !== undefined,
  })
  return {
    async run(row, reads, into) {
      checkRow(row.tokens, { vocabSize: architecture.vocabSize, maxRowTokens })
      if (reads.kind !== kind) throw new ShapeError(`forward: made for reads of ${kind}, got ${reads.kind}`)
      const feeds = {
        ...rowFeeds(row),
        reads:
          reads.kind === "tokens"
            ? vector(reads.at)
            : { data: reads.weights, shape: [reads.count, row.tokens.length] },
      }
      const nReads = feeds.reads.shape[0]!
      const places = [...(into ?? [])].map(([site, data]) => {
        return [site, { data, shape: [nReads, data.length / nReads] }] as const
      })
      const results = await session.run(feeds, new Map(places))
      return new Map(Object.entries(results))
    },
    release: () => session.release(),
  }
}

export function checkRow(tokens: Int32Array, limits: { vocabSize: number; maxRowTokens: number }): void {
  if (tokens.length === 0 || tokens.length > limits.maxRowTokens) {
    throw new ShapeError(
      `forward: expected a row of 1 to ${limits.maxRowTokens} tokens, got ${tokens.length}`,
    )
  }
  const outside = tokens.find((id) => !(id >= 0 && id < limits.vocabSize))
  if (outside !== undefined) {
    throw new LitmusError(
      `token id ${outside} is outside the model's vocabulary of ${limits.vocabSize} (tokenizer.json belongs to another model)`,
    )
  }
}

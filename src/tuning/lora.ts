// LoRA: beside a frozen linear layer W x stands a low-rank update (alpha / r) · B A x; only A and B are trained.
// Source: Hu et al. 2021, arXiv:2106.09685; names and initialisation as PEFT has them.

import { LitmusError, unknownName } from "../base/errors.ts"
import type { Graph, Value } from "../graph/graph.ts"
import * as ops from "../graph/ops.ts"
import type { AdapterForm, ParameterArray } from "../model/decoder/adapter.ts"
import {
  linearLayers,
  type Architecture,
  type LinearLayer,
  type ParameterSpec,
} from "../model/architectures/architecture.ts"
import { random } from "../base/random.ts"

export interface LoraConfig {
  readonly rank: number
  readonly alpha: number
  /** Linear layers by the last part of their name: `q_proj`, `v_proj`, …; `all-linear` for all of them. */
  readonly targets: readonly string[]
}

/** The linear layers that LoRA can be put beside, by the last part of their name. */
export function loraTargets(architecture: Architecture): string[] {
  return [...new Set([...linearLayers(architecture).keys()].map(lastPart))]
}

/** What is adapted unless something else is asked for, as PEFT chooses: queries and values, or what holds them. */
export function defaultTargets({ block: { projections } }: Architecture): string[] {
  const chosen = projections.kind === "fused" ? [projections.all] : [projections.queries, projections.values]
  return chosen.map(({ name }) => lastPart(name))
}

const everyLayer = "all-linear"

function lastPart(name: string): string {
  return name.split(".").at(-1)!
}

function targeted(architecture: Architecture, { targets }: Pick<LoraConfig, "targets">): LinearLayer[] {
  const known = loraTargets(architecture)
  for (const target of targets) {
    if (target !== everyLayer && !known.includes(target)) {
      throw unknownName("target module", target, [...known, everyLayer])
    }
  }
  const layers = [...linearLayers(architecture).values()]
  if (targets.includes(everyLayer)) return layers
  return layers.filter(({ name }) => targets.includes(lastPart(name)))
}

/** The largest rank that every targeted layer can have. */
export function largestRank(architecture: Architecture, targets: readonly string[]): number {
  const layers = targeted(architecture, { targets })
  return Math.min(...layers.map(({ nOut, nIn }) => Math.min(nOut, nIn)))
}

/** The parameters that are trained, by PEFT's names without its prefix. */
export function loraSpecs(architecture: Architecture, config: LoraConfig): ParameterSpec[] {
  const { rank, alpha } = config
  if (!(Number.isSafeInteger(rank) && rank > 0)) {
    throw new LitmusError(`lora.rank: expected a positive integer, got ${rank}`)
  }
  if (!(Number.isFinite(alpha) && alpha > 0)) {
    throw new LitmusError(`lora.alpha: expected a positive number, got ${alpha}`)
  }
  const largest = largestRank(architecture, config.targets)
  if (rank > largest) {
    throw new LitmusError(
      `lora.rank: expected at most ${largest}, the narrowest side of ${config.targets.join(", ")}, got ${rank}`,
    )
  }
  return targeted(architecture, config).flatMap(({ name, nOut, nIn }) => [
    { name: `${name}.lora_A.weight`, shape: [rank, nIn] },
    { name: `${name}.lora_B.weight`, shape: [nOut, rank] },
  ])
}

/** A uniform in ±1/√nIn, as PEFT initialises it (Kaiming with a = √5), B zero: the model starts unchanged. */
export function initialLora(
  architecture: Architecture,
  config: LoraConfig,
  seed: number,
): Map<string, ParameterArray> {
  return new Map(
    loraSpecs(architecture, config).map(({ name, shape }) => {
      const { uniform } = random(seed, "lora", name)
      const bound = 1 / Math.sqrt(shape[1]!)
      const data = new Float32Array(shape[0]! * shape[1]!)
      if (name.endsWith("lora_A.weight")) data.forEach((_, i) => (data[i] = (2 * uniform() - 1) * bound))
      return [name, { shape, data }]
    }),
  )
}

/** The factor of every layer's update, alpha / rank, by the layer's name in the checkpoint. */
export function loraFactors(architecture: Architecture, config: LoraConfig): Map<string, number> {
  return new Map(targeted(architecture, config).map(({ name }) => [name, config.alpha / config.rank]))
}

/**
 * How LoRA enters the decoder.
 *
 * @param factors - of the linear layers that have an update: alpha / rank
 */
export function loraForm(factors: ReadonlyMap<string, number>): AdapterForm {
  return {
    prefixLength: 0,
    apply: (graph, base, parameter, dropout) => ({
      ...base,
      linear(name, x) {
        const plain = base.linear(name, x)
        const factor = factors.get(name)
        if (factor === undefined) return plain
        const dropped = dropout ? dropout(name, x) : x
        return ops.add(graph, plain, lowRank(graph, dropped, name, parameter, factor))
      },
    }),
  }
}

function lowRank(
  graph: Graph,
  x: Value,
  name: string,
  parameter: (name: string) => Value,
  factor: number,
): Value {
  const inner = ops.matMul(graph, x, parameter(`${name}.lora_A.weight`), { transposeB: true })
  return ops.matMul(graph, inner, parameter(`${name}.lora_B.weight`), { transposeB: true, alpha: factor })
}

// The fields that say how rotary positions are scaled: rope_scaling and the newer rope_parameters.
// Source: transformers 5.18, modeling_rope_utils.py and the configuration classes; 4.46 to 4.57 where they differ.

import { canonicalJson } from "../../base/files.ts"
import { LitmusError } from "../../base/errors.ts"
import { agreeing, type ConfigFields, type Place } from "../checkpoint/config-fields.ts"
import type { Rope } from "./rope.ts"

/**
 * `rope_parameters` and `rope_scaling`, those of the two that are there and say something.
 *
 * @throws {LitmusError} if both are there and contradict each other
 */
export function ropeObjects(fields: ConfigFields): ConfigFields[] {
  const found = ["rope_parameters", "rope_scaling"]
    .map((name) => fields.object(name))
    .filter((object) => object !== undefined && Object.keys(object.content).length > 0) as ConfigFields[]
  const [one, two] = found
  // The base and the share of a head's dims may stand in either: whoever reads them compares them.
  if (one && two && !sameScaling(one, two)) {
    throw new LitmusError(
      `${fields.path}: rope_parameters and rope_scaling contradict each other: remove the one that is wrong`,
    )
  }
  return found
}

function sameScaling(one: ConfigFields, two: ConfigFields): boolean {
  const [a, b] = [one, two].map((object) => {
    const { rope_theta: _, partial_rotary_factor: __, type: ___, ...rest } = object.content
    return canonicalJson({ ...rest, rope_type: typeOf(object) })
  })
  // What is read of the first holds for both.
  for (const name of Object.keys(two.content)) two.raw(name)
  return a === b
}

const originalLength = "original_max_position_embeddings"

/** The kind of scaling by the current name of the field or its older one. */
function typeOf(scaling: ConfigFields): string {
  const older = scaling.string("type", "default")
  const type = scaling.string("rope_type", older)
  const canonical = (name: string): string => (name === "su" ? "longrope" : name)
  if (scaling.isSet("rope_type") && scaling.isSet("type") && canonical(older) !== canonical(type)) {
    scaling.fail("type", `${JSON.stringify(type)}, as rope_type has it`, older)
  }
  return canonical(type)
}

export interface RopeFieldOptions {
  readonly contextLength: number
  /** How many of a head's dims are turned. */
  readonly width: number
  /** An older name of rope_theta. */
  readonly thetaField?: string
}

/** Reads rope_theta and rope_scaling (or the newer rope_parameters). */
export function readRope(fields: ConfigFields, { contextLength, width, thetaField }: RopeFieldOptions): Rope {
  const objects = ropeObjects(fields)
  const [scaling] = objects
  const places: Place[] = [...objects, fields].map((place) => [place, "rope_theta"])
  if (thetaField !== undefined) places.push([fields, thetaField])
  const theta = agreeing(places, "positive") ?? 10_000
  const type = scaling ? typeOf(scaling) : "default"
  if (!scaling || type === "default") return { type: "default", theta }
  const original = (): number =>
    agreeing(
      [scaling, fields].map((place): Place => [place, originalLength]),
      "count",
    ) ?? contextLength
  switch (type) {
    case "linear":
      return { type, theta, factor: scaling.positive("factor") }
    case "llama3":
    case "yarn":
      // Releases of transformers differ in whether they read it at the top.
      if (!scaling.isSet(originalLength) && original() !== contextLength) {
        fields.fail(originalLength, `to find it inside ${scaling.path.split(": ").at(-1)}`)
      }
      return (type === "yarn" ? readYarn : readLlama3)(scaling, theta, original())
    case "dynamic":
      return readDynamic(scaling, theta, contextLength)
    case "longrope":
      return readLongRope(scaling, theta, { contextLength, width, original: original() })
    default:
      return scaling.fail("rope_type", "one of default, linear, llama3, yarn, dynamic, longrope", type)
  }
}

function readLlama3(scaling: ConfigFields, theta: number, originalContextLength: number): Rope {
  const low = scaling.positive("low_freq_factor")
  const high = scaling.positive("high_freq_factor")
  if (high <= low) scaling.fail("high_freq_factor", `more than low_freq_factor (${low})`)
  return {
    type: "llama3",
    theta,
    factor: scaling.positive("factor"),
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalContextLength,
  }
}

function readYarn(scaling: ConfigFields, theta: number, originalContextLength: number): Rope {
  const factor = scaling.positive("factor")
  const scaleOf = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1)
  const [one, all] = ["mscale", "mscale_all_dim"].map((name) =>
    scaling.isSet(name) ? scaling.positive(name) : undefined,
  )
  const usual = one !== undefined && all !== undefined ? scaleOf(one) / scaleOf(all) : scaleOf(1)
  return {
    type: "yarn",
    theta,
    factor,
    betaFast: scaling.positive("beta_fast", 32),
    betaSlow: scaling.positive("beta_slow", 1),
    truncate: scaling.boolean("truncate", true),
    attentionFactor: scaling.positive("attention_factor", usual),
    originalContextLength,
  }
}

/** Up to the context the factor has no effect; it is checked, because a file that lacks it is not what it seems. */
function readDynamic(scaling: ConfigFields, theta: number, contextLength: number): Rope {
  scaling.positive("factor")
  const original = scaling.count("original_max_position_embeddings", contextLength)
  if (original !== contextLength) {
    scaling.fail("original_max_position_embeddings", `max_position_embeddings (${contextLength}) or none`)
  }
  return { type: "dynamic", theta, originalContextLength: contextLength }
}

function readLongRope(
  scaling: ConfigFields,
  theta: number,
  { contextLength, width, original }: { contextLength: number; width: number; original: number },
): Rope {
  if (original < 2) scaling.fail("original_max_position_embeddings", "at least 2", original)
  const [factors] = ["short_factor", "long_factor"].map((name) => {
    const list = scaling.raw(name)
    const isList = Array.isArray(list) && list.every((value) => Number.isFinite(value) && value > 0)
    if (!isList) return scaling.fail(name, "a list of positive numbers")
    if (list.length !== width / 2) {
      scaling.fail(name, `${width / 2} numbers, one for each frequency`, list.length)
    }
    return list as number[]
  })
  const ratio = contextLength / original
  const factor = scaling.positive("factor", ratio)
  // Releases of transformers differ in which of the two they take.
  if (ratio !== 1 && Math.abs(factor / ratio - 1) > 1e-6) {
    scaling.fail("factor", `${ratio}, by which max_position_embeddings exceeds the original length, or none`)
  }
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original))
  return {
    type: "longrope",
    theta,
    factors: factors!,
    attentionFactor: scaling.positive("attention_factor", usual),
    originalContextLength: original,
  }
}

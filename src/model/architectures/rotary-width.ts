// How many dims of a head rotary positions turn.

import { agreeing, type ConfigFields, type Place } from "../checkpoint/config-fields.ts"
import { ropeObjects } from "./rope-fields.ts"

/** Reads `partial_rotary_factor`, at the top or with the other parameters, or its older name; all dims by default. */
export function readRotaryWidth(
  fields: ConfigFields,
  { dHead, factor = 1 }: { dHead: number; factor?: number },
): number {
  const name = "partial_rotary_factor"
  const places: Place[] = [
    ...ropeObjects(fields).map((nested): Place => [nested, name]),
    [fields, "rotary_pct"],
    [fields, name],
  ]
  const share = agreeing(places, "positive") ?? factor
  const width = Math.trunc(dHead * share)
  if (!(share <= 1) || width < 2 || width % 2 !== 0) {
    const field = fields.has("rotary_pct") ? "rotary_pct" : name
    fields.fail(field, `a share that turns an even number of a head's ${dHead} dims`, share)
  }
  return width
}

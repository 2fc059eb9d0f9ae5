// How many dims of a head rotary positions turn.

import type { ConfigFields } from "../checkpoint/config-fields.ts"

/** Reads `partial_rotary_factor` or its older names; all dims by default. */
export function readRotaryWidth(
  fields: ConfigFields,
  { dHead, factor = 1 }: { dHead: number; factor?: number },
): number {
  const nested = fields.object("rope_parameters")
  const field = fields.has("rotary_pct") ? "rotary_pct" : "partial_rotary_factor"
  const share = nested?.has("partial_rotary_factor")
    ? nested.positive("partial_rotary_factor")
    : fields.positive(field, factor)
  const width = Math.trunc(dHead * share)
  if (!(share <= 1) || width < 2 || width % 2 !== 0) {
    fields.fail(field, `a share that turns an even number of a head's ${dHead} dims`, share)
  }
  return width
}

// Sliding windows: which blocks have one, from the fields by which configurations say so.

import type { ConfigFields } from "../checkpoint/config-fields.ts"

/**
 * The window of every block. `layer_types`, where it is given, says which blocks have one.
 *
 * @param options.window - tokens that a token sees, itself among them; undefined for no windows at all
 * @param options.has - which blocks have one where `layer_types` does not say
 * @param options.readsTypes - whether transformers reads `layer_types` for this architecture
 * @returns nothing where no block's window is shorter than the context: it would hide nothing
 */
export function readWindows(
  fields: ConfigFields,
  {
    nLayers,
    contextLength,
    window,
    has = () => true,
    readsTypes = true,
  }: {
    nLayers: number
    contextLength: number
    window: number | undefined
    has?: (layer: number) => boolean
    readsTypes?: boolean
  },
): { windows?: readonly (number | null)[] } {
  const types: unknown = (readsTypes ? fields.raw("layer_types") : undefined) ?? undefined
  const isKind = (type: unknown): boolean => type === "sliding_attention" || type === "full_attention"
  if (types !== undefined && !(Array.isArray(types) && types.length === nLayers && types.every(isKind))) {
    fields.fail("layer_types", `sliding_attention or full_attention for each of ${nLayers} layers`)
  }
  if (window === undefined && Array.isArray(types) && types.includes("sliding_attention")) {
    fields.fail("layer_types", "full_attention in every layer where no sliding window is given")
  }
  if (window === undefined || window >= contextLength) return {}
  const windows = Array.from({ length: nLayers }, (_, i) => {
    return (Array.isArray(types) ? types[i] === "sliding_attention" : has(i)) ? window : null
  })
  return windows.some((width) => width !== null) ? { windows } : {}
}

// Where a method differs from the paper or code that it is named after: one line each, for help and docs/departures.md.

/** One difference. */
export interface Departure {
  /** The paper or code. */
  readonly from: string
  readonly there: string
  readonly here: string
}

/** "GENIES: activations in bfloat16; here: float32" */
export function describeDeparture({ from, there, here }: Departure): string {
  return `${from}: ${there}; here: ${here}`
}

/** Of probes that are GENIES' mass-mean shift. */
export const ofGeniesShift: readonly Departure[] = [
  {
    from: "GENIES",
    there: "16 heads or layers are kept",
    here: "at most a quarter of those there are, and at most 16",
  },
  {
    from: "GENIES",
    there: "the probability has an intercept, fitted on the validation pairs (`calibrator` genies)",
    here: "p = σ(k·s), fitted out of fold, so that swapping two responses gives 1 − p",
  },
  { from: "GENIES", there: "activations in bfloat16", here: "float32" },
]

/** Of probes that are GENIES' contrast-consistent search. */
export const ofGeniesCcs: readonly Departure[] = [
  {
    from: "GENIES",
    there: "an end token follows the suffix and is read",
    here: "the last token of the suffix is read",
  },
  {
    from: "GENIES",
    there: "responses are drawn with replacement, of at most 300 prompts",
    here: "both responses of one pair of every prompt",
  },
  { from: "GENIES", there: "the model in 4 bits (NF4)", here: "as loaded, in 4 or 8 bits with --quantize" },
]

/** Of probes that are read at several layers here and at one there. */
export function layersChosen(from: string): Departure {
  return {
    from,
    there: "one layer, chosen by hand",
    here: "the best layers on held-out prompts of the source, averaged",
  }
}

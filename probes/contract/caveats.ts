// What a reader of a method's figures must know: one sentence each, for help and beneath every table that has the method.

/** By the name of the intervention. */
export const caveats: Readonly<Record<string, string>> = {
  "ccs-leaky":
    "accuracy is max(acc, 1 − acc) over single responses of the test set, normalised by its own mean: no evidence about transfer.",
  ttpd: "pairs have no negations: the only polarity is the Yes or No put behind a response, so that the truth direction is that of cra (with polarity none, that of mass-mean). True polarity comes with statements.",
}

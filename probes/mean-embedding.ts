// Mean input embedding: what can be told from the response's tokens before any block of the model has read them.

import { fitLinear } from "./fit/fit-linear.ts"
import { restoreLinearProbe } from "./contract/linear-probe.ts"
import { onResponses } from "./logistic-regression.ts"
import type { Probe } from "./contract/probe.ts"

const options = {
  c: { kind: "number", min: 0, default: 1, description: "inverse strength of the penalty, scikit-learn's C" },
} as const

/**
 * Logistic regression on the mean of the response's input embeddings, an unordered bag of its tokens: a baseline for
 * probes of the layers above. Where a model adds position embeddings at its input (GPT-2, OPT), they are in the mean.
 */
export const meanEmbedding: Probe<typeof options, "mean-embedding"> = {
  name: "mean-embedding",
  description: "logistic regression on the mean input embedding of the response: no layer has read it yet",
  departures: [],
  traits: { alwaysRun: "baseline", measuresCapability: false, header: "mean em-\nbedding" },
  options,
  needs: () => ({ stimulus: "plain", positions: { kind: "mean" }, sites: ["resid.0"] }),
  fit: (source, { c, seed, accuracyOnly }) =>
    fitLinear(source, {
      probe: "mean-embedding",
      on: "resid.0",
      k: 1,
      seed,
      accuracyOnly,
      find: onResponses(c),
    }),
  restore: restoreLinearProbe,
}

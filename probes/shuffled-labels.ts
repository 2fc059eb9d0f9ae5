// A control task: another probe, fitted on labels drawn by coin. What it reaches on its own fit is memorised, what it
// reaches on a target is chance with the spread of that probe's directions. A probe is selective if it beats this by
// much. Source: Hewitt and Liang 2019, "Designing and interpreting probes with control tasks", arXiv:1909.03368.

import type { ActivationSet } from "../activations/activation-set.ts"
import type { Example } from "../src/data/index.ts"
import { unknownName } from "../src/errors.ts"
import { pairAccuracy } from "../src/metrics/index.ts"
import { resolveOptions, type OptionValues } from "../src/options.ts"
import { random } from "../src/random.ts"
import { lat } from "./lat.ts"
import { lda } from "./lda.ts"
import { logisticRegression } from "./logistic-regression.ts"
import { massMeanShift } from "./mass-mean-shift.ts"
import { massMean } from "./mass-mean.ts"
import type { FittedProbe, Probe, ProbeRecord } from "./probe.ts"
import { sourcePairs } from "./source-pairs.ts"

const kinds: readonly Probe[] = [massMeanShift, massMean, lda, logisticRegression, lat]

const options = {
  of: {
    kind: "choice",
    values: ["mms", "mass-mean", "lda", "lr", "lat"],
    default: "lr",
    description: "the probe to fit, with its defaults",
  },
} as const

export const shuffledLabels: Probe<typeof options> = {
  name: "shuffled-labels",
  description: "control: a probe fitted on the source with its labels shuffled (selectivity)",
  options,
  needs: ({ of }) => {
    const inner = innerProbe(of)
    return inner.needs(resolveOptions(of, inner.options))
  },
  fit: fitShuffledLabels,
  restore: restoreShuffledLabels,
}

/**
 * Fits a probe on labels that a coin gave: in each example a response drawn at random becomes the better one.
 *
 * Selection, sign and calibration see the shuffled labels too. The summary says what the probe reaches on the pairs
 * that it was fitted on, shuffled: how much of such accuracy is memory.
 *
 * @param options.of - the probe; defaults to logistic regression, which memorises most
 * @param options.seed - of the coins, and of the probe
 * Source: Hewitt and Liang 2019, arXiv:1909.03368
 */
export async function fitShuffledLabels(
  source: ActivationSet,
  { of, seed }: OptionValues<typeof options> & { readonly seed: number },
): Promise<FittedProbe> {
  const inner = innerProbe(of)
  const shuffled = withShuffledLabels(source, seed)
  const fitted = await inner.fit(shuffled, { ...resolveOptions(of, inner.options), seed })
  const { logits } = await fitted.scorePairs(shuffled, sourcePairs(shuffled, seed).pairs)
  return renamed(
    fitted,
    `${of} on shuffled labels, of which it fits ${(pairAccuracy(logits) * 100).toFixed(1)} %; ${fitted.summary}`,
  )
}

function renamed(fitted: FittedProbe, summary: string): FittedProbe {
  return {
    ...fitted,
    probe: "shuffled-labels",
    summary,
    record() {
      const { probe, fields, tensors } = fitted.record()
      return { probe: "shuffled-labels", fields: { of: probe, summary, inner: fields }, tensors }
    },
  }
}

function restoreShuffledLabels({ fields, tensors }: ProbeRecord): FittedProbe {
  const inner = innerProbe(String(fields.of))
  const record = { probe: inner.name, fields: fields.inner as ProbeRecord["fields"], tensors }
  return renamed(inner.restore(record), fields.summary as string)
}

/** The same activations of examples whose better response is drawn at random. */
export function withShuffledLabels(source: ActivationSet, seed: number): ActivationSet {
  const { distribution, rows } = source
  const examples = distribution.examples.map((example): Example => {
    const better = random(seed, "shuffled labels", distribution.id, example.index).integer(
      example.responses.length,
    )
    return {
      ...example,
      responses: example.responses.map((response, i) => ({ ...response, label: i === better ? 1 : 0 })),
    }
  })
  const byIndex = new Map(examples.map((example) => [example.index, example]))
  const label = Int8Array.from(
    rows.example,
    (example, row) => byIndex.get(example)?.responses[rows.response[row]!]?.label ?? 0,
  )
  return { ...source, distribution: { ...distribution, examples }, rows: { ...rows, label } }
}

function innerProbe(name: string): Probe {
  const found = kinds.find((probe) => probe.name === name)
  if (!found) throw unknownName("probe to shuffle the labels of", name, options.of.values)
  return found
}

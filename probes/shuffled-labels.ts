// A control task: another probe, fitted on labels drawn by coin. What it reaches on its own fit is memorised, what it
// reaches on a target is chance with the spread of that probe's directions. A probe is selective if it beats this by
// much. Source: Hewitt and Liang 2019, "Designing and interpreting probes with control tasks", arXiv:1909.03368.

import type { ActivationSet } from "../activations/activation-set.ts"
import { unknownName } from "../src/base/errors.ts"
import { pairAccuracy } from "../src/metrics/index.ts"
import { resolveOptions, type OptionValues } from "../src/base/options.ts"
import { lat } from "./lat.ts"
import { lda } from "./lda.ts"
import { logisticRegression } from "./logistic-regression.ts"
import { massMeanShift } from "./mass-mean-shift.ts"
import { massMean } from "./mass-mean.ts"
import type { FittedProbe, PairScores, Probe, ProbeRecord } from "./contract/probe.ts"
import { withShuffledLabels } from "./fit/shuffled-fits.ts"
import { sourcePairs } from "./fit/source-pairs.ts"

const kinds: readonly Probe[] = [massMeanShift, massMean, lda, logisticRegression, lat]

const options = {
  of: {
    kind: "choice",
    values: ["mms", "mass-mean", "lda", "lr", "lat"],
    default: "lr",
    description: "the probe to fit, with its defaults",
  },
  draws: {
    kind: "count",
    default: 20,
    description:
      "probes that make the null band, each fitted on coins of its own; the first is the one scored",
  },
} as const

export const shuffledLabels: Probe<typeof options, "shuffled-labels"> = {
  name: "shuffled-labels",
  description: "control: a probe fitted on the source with its labels shuffled, 20 times (null band)",
  departures: [
    {
      from: "Hewitt & Liang 2019",
      there: "a random label for every word type",
      here: "a coin for every example",
    },
  ],
  hasNullBand: false,
  traits: { drawsOwnBand: true, measuresCapability: false },
  options,
  needs: ({ of }) => {
    const inner = innerProbe(of)
    return inner.needs(resolveOptions(of, inner.options))
  },
  fit: fitShuffledLabels,
  restore: restoreShuffledLabels,
}

export type ShuffledLabelsOptions = Omit<OptionValues<typeof options>, "draws"> & { readonly draws?: number }

/**
 * Fits a probe on labels that a coin gave: in each example a response drawn at random becomes the better one.
 *
 * Selection, sign and calibration see the shuffled labels too, in every draw anew. Logits and probabilities are those of
 * the first draw; `scorePairs` gives the scores of all, and an evaluation the band in which 95 % of their accuracies
 * lie: what `of` reaches has to lie outside it. The summary says what the first draw reaches on the pairs that it was
 * fitted on, shuffled: how much of such accuracy is memory.
 *
 * @param options.of - the probe; defaults to logistic regression, which memorises most
 * @param options.draws - how many are fitted; defaults to 20
 * @param options.seed - of the coins, and of the probe
 * Source: Hewitt and Liang 2019, arXiv:1909.03368
 */
export async function fitShuffledLabels(
  source: ActivationSet,
  { of, draws = 20, seed }: ShuffledLabelsOptions & { readonly seed: number },
): Promise<FittedProbe> {
  const inner = innerProbe(of)
  const values = resolveOptions(of, inner.options)
  const fitted: FittedProbe[] = []
  for (let draw = 0; draw < draws; draw++) {
    fitted.push(await inner.fit(withShuffledLabels(source, seed, draw), { ...values, seed }))
  }
  const first = withShuffledLabels(source, seed)
  const { logits } = await fitted[0]!.scorePairs(first, sourcePairs(first, seed).pairs)
  return ofDraws(
    fitted,
    `${of} on shuffled labels, the first of ${draws} draws, of which it fits ${(pairAccuracy(logits) * 100).toFixed(1)} %; ${fitted[0]!.summary}`,
  )
}

function ofDraws(fitted: readonly FittedProbe[], summary: string): FittedProbe {
  const first = fitted[0]!
  return {
    ...first,
    probe: "shuffled-labels",
    sites: [...new Set(fitted.flatMap(({ sites }) => sites))],
    summary,
    async scorePairs(target, pairs) {
      const scores: PairScores[] = []
      for (const one of fitted) scores.push(await one.scorePairs(target, pairs))
      return { ...scores[0]!, draws: scores.map(({ logits }) => logits) }
    },
    record() {
      const records = fitted.map((one) => one.record())
      return {
        probe: "shuffled-labels",
        fields: { of: first.probe, summary, draws: records.map(({ fields }) => fields) },
        tensors: new Map(
          records.flatMap(({ tensors }, draw) =>
            [...tensors].map(([name, tensor]) => [`${draw}.${name}`, tensor] as const),
          ),
        ),
      }
    },
  }
}

function restoreShuffledLabels({ fields, tensors }: ProbeRecord): FittedProbe {
  const inner = innerProbe(String(fields.of))
  // A probe that was saved before 0.2 is a single draw.
  const single = fields.draws === undefined
  const draws = (single ? [fields.inner] : fields.draws) as ProbeRecord["fields"][]
  const fitted = draws.map((own, draw) => {
    const prefix = single ? "" : `${draw}.`
    const mine = [...tensors].filter(([name]) => name.startsWith(prefix))
    return inner.restore({
      probe: inner.name,
      fields: own,
      tensors: new Map(mine.map(([name, tensor]) => [name.slice(prefix.length), tensor])),
    })
  })
  return ofDraws(fitted, fields.summary as string)
}

function innerProbe(name: string): Probe {
  const found = kinds.find((probe) => probe.name === name)
  if (!found) throw unknownName("probe to shuffle the labels of", name, options.of.values)
  return found
}

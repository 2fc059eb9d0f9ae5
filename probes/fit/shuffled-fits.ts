// The null band of a probe: what it reaches when the source's labels say nothing. It is fitted again and again on labels
// that coins gave, selection of layers and sign included, and scores a target each time.
// Source: Hewitt and Liang 2019, arXiv:1909.03368 (control tasks); Ojala and Garriga 2010, JMLR 11, 1833 (permutation tests).

import type { ActivationSet } from "../../activations/activation-set.ts"
import type { OptionSpecs, OptionValues } from "../../src/base/options.ts"
import { random } from "../../src/base/random.ts"
import type { Distribution, Example } from "../../src/data/distribution.ts"
import type { Pair } from "../../src/data/pairs.ts"
import type { FittedProbe, FitOptions, Probe, ShuffledFits } from "../contract/probe.ts"
import { contrastPairs } from "./contrast-probe.ts"
import { pairDifferences, type ScoreResponses } from "./response-probe.ts"

/**
 * Fits a probe on shuffled labels.
 *
 * @param options - as `probe.fit` takes them; every draw has the same seed for all but its coins
 * @param draws - how many fits; the first n of more draws are those of n
 * @returns undefined where such a band says nothing (`hasNullBand` is false)
 */
export async function fitShuffled<Specs extends OptionSpecs>(
  probe: Probe<Specs>,
  source: ActivationSet,
  options: OptionValues<Specs> & { readonly seed: number },
  draws: number,
): Promise<ShuffledFits | undefined> {
  if (probe.hasNullBand === false) return undefined
  if (probe.fitShuffled) return await probe.fitShuffled(source, options, draws)
  const fits: FittedProbe[] = []
  for (let draw = 0; draw < draws; draw++) {
    const shuffled = withShuffledLabels(source, options.seed, draw)
    fits.push(await probe.fit(shuffled, { ...options, accuracyOnly: true }))
  }
  return {
    async scorePairs(target, pairs) {
      const logits: Float64Array[] = []
      for (const fit of fits) logits.push((await fit.scorePairs(target, pairs)).logits)
      return logits
    },
  }
}

/**
 * Of probes of contrast pairs whose labels decide the sign and nothing else: one fit, and for each draw the sign that
 * coins decide. Fits of their own would find the same direction.
 */
export function shuffledSigns<Options extends FitOptions>(
  fit: (source: ActivationSet, options: Options) => Promise<FittedProbe>,
): (source: ActivationSet, options: Options, draws: number) => Promise<ShuffledFits> {
  return async (source, options, draws) => {
    const { seed } = options
    const fitted = await fit(source, { ...options, accuracyOnly: true })
    const { pairs } = contrastPairs(source, seed)
    const { logits } = await fitted.scorePairs(source, pairs)
    const signs = Array.from({ length: draws }, (_, draw) => {
      const turned = logits.map((logit, i) =>
        isSwapped(source.distribution.id, pairs[i]!, seed, draw) ? -logit : logit,
      )
      const won = turned.reduce((sum, logit) => sum + Math.sign(logit), 0)
      return Math.sign(won) || Math.sign(turned.reduce((sum, logit) => sum + logit, 0))
    })
    return {
      async scorePairs(target, asked) {
        const scores = await fitted.scorePairs(target, asked)
        return signs.map((sign) => scores.logits.map((logit) => sign * logit))
      },
    }
  }
}

/** Labels of the responses of pairs, the better one first: 1, 0, 1, 0 … */
export function betterFirst(pairs: readonly Pair[]): Float32Array {
  return Float32Array.from({ length: 2 * pairs.length }, (_, i) => 1 - (i % 2))
}

/** For each draw the labels of the responses of pairs after its coins, and a start of its own. */
export function swappedLabels(
  { distribution }: ActivationSet,
  pairs: readonly Pair[],
  seed: number,
  draws: number,
): { start: number; labels: Float32Array }[] {
  return Array.from({ length: draws }, (_, draw) => {
    const swaps = pairs.map((pair) => isSwapped(distribution.id, pair, seed, draw))
    const labels = betterFirst(pairs).map((label, i) => (swaps[i >> 1] ? 1 - label : label))
    return { start: draw, labels }
  })
}

/** Fits on shuffled labels from the scores of their models. */
export function shuffledScores(scores: readonly ScoreResponses[]): ShuffledFits {
  return {
    async scorePairs(target, pairs) {
      const logits: Float64Array[] = []
      for (const score of scores) logits.push(await pairDifferences(target, pairs, score))
      return logits
    },
  }
}

/** Whether the coin of a draw makes the worse response of a pair the better one. */
function isSwapped(distribution: string, { example }: Pair, seed: number, draw: number): boolean {
  return random(seed, "swapped labels", distribution, example, draw).integer(2) === 1
}

/** The same activations of examples whose better response is drawn at random; other coins for each draw. */
export function withShuffledLabels(source: ActivationSet, seed: number, draw = 0): ActivationSet {
  const { rows } = source
  const distribution = withShuffledExamples(source.distribution, seed, draw)
  const byIndex = new Map(distribution.examples.map((example) => [example.index, example]))
  const label = Int8Array.from(
    rows.example,
    (example, row) => byIndex.get(example)?.responses[rows.response[row]!]?.label ?? 0,
  )
  return { ...source, distribution, rows: { ...rows, label } }
}

/** A distribution in each example of which a response drawn at random is the better one; other coins for each draw. */
export function withShuffledExamples(distribution: Distribution, seed: number, draw = 0): Distribution {
  const examples = distribution.examples.map((example): Example => {
    const coin = ["shuffled labels", distribution.id, example.index, ...(draw > 0 ? [draw] : [])]
    const better = random(seed, ...coin).integer(example.responses.length)
    return {
      ...example,
      responses: example.responses.map((response, i) => ({ ...response, label: i === better ? 1 : 0 })),
    }
  })
  return { ...distribution, examples }
}

// Bag of words: which words a response holds and how long it is, and nothing of the model. An intervention that does no
// better has not shown that it reads anything beneath the surface.

import { fitAntisymmetric } from "../../../probes/contract/calibrator.ts"
import { dot, fitSparseLogistic } from "../../../probes/math/sparse-logistic.ts"
import { fitTfIdf, type SparseRow } from "../../../probes/math/tf-idf.ts"
import { withShuffledExamples } from "../../../probes/fit/shuffled-fits.ts"
import { foldsByPrompt } from "../../../probes/fit/source-pairs.ts"
import { onePairPerExample, pairSetOf, type Distribution, type Pair } from "../../data/index.ts"
import { UnusableDataError } from "../../base/errors.ts"
import type { OptionSpecs, OptionValues } from "../../base/options.ts"
import type { InterventionKind } from "./contract.ts"
import { rankPairs, scoringBy, type Ranking } from "./ranking.ts"

export const bagOfWordsOptions = {
  c: { kind: "number", min: 0, default: 1, description: "inverse strength of the penalty, scikit-learn's C" },
} as const satisfies OptionSpecs

/**
 * Logistic regression on TF-IDF and length of the source's response texts, one seeded pair an example; the prompt is
 * not read. The length is in code points, centred and divided by its standard deviation on the source.
 *
 * The slope of the probability comes from five folds by prompt, each scored by a fit on the others.
 */
export const bagOfWords: InterventionKind = {
  name: "bag-of-words",
  description: "logistic regression on TF-IDF and length of the response's text: reads no activations",
  departures: [],
  traits: { alwaysRun: "baseline", measuresCapability: false, header: "bag of\nwords" },
  options: bagOfWordsOptions,
  make(values) {
    const { c } = values as OptionValues<typeof bagOfWordsOptions>
    return {
      name: bagOfWords.name,
      description: bagOfWords.description,
      options: values,
      async fit(bench, source) {
        const pairs = onePairPerExample(source.examples, { seed: bench.seed, distribution: source.id })
        const folds = foldsByPrompt({ distribution: source }, pairs, bench.seed)
        if (folds.length < 2) {
          throw new UnusableDataError(
            `${source.id} ${source.split}: expected at least 2 distinct prompts, got 1`,
          )
        }
        const heldOut: number[] = []
        for (const fold of folds) {
          const others = pairs.filter((pair) => !fold.includes(pair))
          const { ranking } = fitWords(source, others, c)
          heldOut.push(...rankPairs(await ranking.score(bench, source), fold).logits)
        }
        const { ranking, nWords } = fitWords(source, pairs, c)
        return {
          summary: `${nWords} words and the length, from ${pairs.length} pairs`,
          trainedOn: pairSetOf(pairs),
          score: scoringBy(ranking, fitAntisymmetric(heldOut)),
        }
      },
      async fitShuffled({ seed }, source, draws) {
        const fits = Array.from({ length: draws }, (_, draw) => {
          const shuffled = withShuffledExamples(source, seed, draw)
          const pairs = onePairPerExample(shuffled.examples, { seed, distribution: source.id })
          return fitWords(shuffled, pairs, c).ranking
        })
        return {
          async score(where, target, asked) {
            const logits: Float64Array[] = []
            for (const ranking of fits)
              logits.push(rankPairs(await ranking.score(where, target), asked).logits)
            return logits
          },
        }
      },
    }
  },
}

/** Fits words and length on some pairs of a source. */
function fitWords(
  { examples }: Distribution,
  pairs: readonly Pair[],
  C: number,
): { ranking: Ranking; nWords: number } {
  const byIndex = new Map(examples.map((example) => [example.index, example]))
  const texts = pairs.flatMap(({ example, better, worse }) => {
    const { responses } = byIndex.get(example)!
    return [responses[better]!.text, responses[worse]!.text]
  })
  const words = fitTfIdf(texts)
  const nWords = words.idf.length
  const lengths = texts.map(lengthOf)
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  const variance = lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / lengths.length
  const scale = Math.sqrt(variance) || 1
  const rowOf = (text: string): SparseRow => {
    const { columns, values } = words.row(text)
    return {
      columns: Int32Array.from([...columns, nWords]),
      values: Float64Array.from([...values, (lengthOf(text) - mean) / scale]),
    }
  }
  const labels = texts.map((_, i) => (i % 2 === 0 ? 1 : 0))
  const { weights, intercept } = fitSparseLogistic(texts.map(rowOf), labels, nWords + 1, { C })
  const ranking: Ranking = {
    describe: "words and length of the response",
    score: async (_bench, distribution) =>
      distribution.examples.flatMap(({ index, responses }) =>
        responses.map(({ text, label }, response) => ({
          example: index,
          response,
          label,
          score: dot(rowOf(text), weights) + intercept,
        })),
      ),
  }
  return { ranking, nWords }
}

function lengthOf(text: string): number {
  return Array.from(text).length
}

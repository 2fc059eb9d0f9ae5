// Which of a shift's pairs are listed: by what fails on them, and by what their texts contain.

import type { SplitTexts } from "../site-data.ts"
import { failures, type pairsOf, type RowScores } from "./pair-scores.ts"

/** What a pair is about, the better response being the one that the view calls so. */
export interface PairTexts {
  readonly prompt: string
  readonly better: string
  readonly worse: string
}

/** The texts of a pair; undefined where the report has none. */
export function textsOfPair(
  texts: SplitTexts | undefined,
  pair: { example: number; better: number; worse: number } | undefined,
  turned: boolean,
): PairTexts | undefined {
  const example = pair && texts?.examples[pair.example]
  if (!example) return undefined
  const [better, worse] = [example.responses[pair.better]![0], example.responses[pair.worse]![0]]
  return { prompt: example.prompt, better: turned ? worse : better, worse: turned ? better : worse }
}

/** The numbers of the pairs that pass the choices, in their order. */
export function listPairs(
  {
    nPairs,
    scores,
    texts,
  }: {
    nPairs: number
    scores: readonly RowScores[]
    texts: { known: ReturnType<typeof pairsOf>; texts: SplitTexts } | undefined
  },
  { fails, search, order, pair }: { fails: string; search: string; order: string; pair: string | undefined },
): number[] {
  const all = Array.from({ length: nPairs }, (_, i) => i)
  if (pair !== undefined) return all.filter((number) => String(number) === pair)
  const words = search.toLowerCase()
  const hasWords = (number: number): boolean => {
    const found = texts && textsOfPair(texts.texts, texts.known[number], false)
    if (words === "" || !found) return true
    return [found.prompt, found.better, found.worse].some((text) => text.toLowerCase().includes(words))
  }
  const passes = (number: number): boolean => {
    const { failed, scored } = failures(scores, number)
    if (fails === "any") return failed > 0
    if (fails === "all") return scored > 0 && failed === scored
    if (fails === "split") return failed > 0 && failed < scored
    if (fails.startsWith("by ")) {
      return scores.some(({ name, probabilities }) => `by ${name}` === fails && probabilities[number]! < 0.5)
    }
    return true
  }
  const list = all.filter((number) => passes(number) && hasWords(number))
  return order === "failures"
    ? list.sort((a, b) => failures(scores, b).failed - failures(scores, a).failed || a - b)
    : list
}

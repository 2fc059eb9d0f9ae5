// TF-IDF, as scikit-learn's TfidfVectorizer has it by default: lower case, words of two or more characters, raw counts,
// smooth inverse document frequencies, rows of length 1.

/** A row of a sparse matrix: its columns, ascending, and their values. */
export interface SparseRow {
  readonly columns: Int32Array
  readonly values: Float64Array
}

export interface TfIdf {
  /** The column of each word; words are numbered in order of code points. */
  readonly vocabulary: ReadonlyMap<string, number>
  /** Inverse document frequency of each column, `[nWords]`. */
  readonly idf: Float64Array
  /** The row of a text; words outside the vocabulary are left out. All zero if no word is in it. */
  row(text: string): SparseRow
}

// Python's \w is a letter, a number of any kind or an underscore. A greedy run of two or more lies between word boundaries.
const word = /[\p{L}\p{N}_]{2,}/gu

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(word) ?? []
}

/**
 * Learns vocabulary and inverse document frequencies: idf = ln((1 + n) / (1 + df)) + 1, df of n texts holding the word.
 *
 * Source: scikit-learn, TfidfVectorizer with its defaults
 */
export function fitTfIdf(texts: readonly string[]): TfIdf {
  const frequencies = new Map<string, number>()
  for (const text of texts) {
    for (const each of new Set(wordsOf(text))) frequencies.set(each, (frequencies.get(each) ?? 0) + 1)
  }
  const names = [...frequencies.keys()].sort(byCodePoints)
  const vocabulary = new Map(names.map((name, column) => [name, column]))
  const idf = Float64Array.from(names, (name) => {
    return Math.log((1 + texts.length) / (1 + frequencies.get(name)!)) + 1
  })
  return { vocabulary, idf, row: (text) => rowOf(text, vocabulary, idf) }
}

function rowOf(text: string, vocabulary: ReadonlyMap<string, number>, idf: Float64Array): SparseRow {
  const counts = new Map<number, number>()
  for (const each of wordsOf(text)) {
    const column = vocabulary.get(each)
    if (column !== undefined) counts.set(column, (counts.get(column) ?? 0) + 1)
  }
  const columns = Int32Array.from(counts.keys()).sort()
  const weights = Float64Array.from(columns, (column) => counts.get(column)! * idf[column]!)
  const norm = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0))
  return { columns, values: norm > 0 ? weights.map((weight) => weight / norm) : weights }
}

function byCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

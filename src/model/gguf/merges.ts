// The merges of a SentencePiece BPE from the scores of its pieces, as Hugging Face's converter derives them: every way
// to put a piece together from two others, the pieces of higher score first.
// Source: transformers, convert_slow_tokenizer.py (generate_merges).

interface Piece {
  readonly id: number
  readonly text: string
  readonly score: number
}

interface Merge {
  readonly left: Piece
  readonly right: Piece
  readonly score: number
}

/** Pairs of pieces, the first to be merged first. */
export function mergesOf(pieces: readonly Piece[]): [string, string][] {
  const known = new Map(pieces.map((piece) => [piece.text, piece]))
  const merges: Merge[] = []
  for (const { text, score } of pieces) {
    const ways: Merge[] = []
    let left = ""
    for (const character of text) {
      const [a, b] = [known.get(left), known.get(text.slice(left.length))]
      if (a && b && left !== "") ways.push({ left: a, right: b, score })
      left += character
    }
    merges.push(...ways.sort((a, b) => a.left.id - b.left.id || a.right.id - b.right.id))
  }
  const length = ({ text }: Piece): number => Array.from(text).length
  merges.sort(
    (a, b) => b.score - a.score || length(b.left) - length(a.left) || length(b.right) - length(a.right),
  )
  return merges.map(({ left, right }) => [left.text, right.text])
}

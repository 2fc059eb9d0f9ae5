// Products of a matrix with itself, in float64, by tiles that stay in the cache.

/** X Xᵀ of rows of `width`: inner products of rows, `[n, n]`. */
export function rowProducts(x: Float64Array, width: number): Float64Array {
  const n = x.length / width
  const result = new Float64Array(n * n)
  const tile = 512
  // Two rows against two at a time: each number that is read is used twice.
  for (let from = 0; from < width; from += tile) {
    const to = Math.min(width, from + tile)
    for (let i = 0; i < n; i += 2) {
      const a = i * width
      const b = i + 1 < n ? a + width : a
      for (let j = 0; j <= i + 1 && j < n; j += 2) {
        const c = j * width
        const d = j + 1 < n ? c + width : c
        let [ac, ad, bc, bd] = [0, 0, 0, 0]
        for (let k = from; k < to; k++) {
          ac += x[a + k]! * x[c + k]!
          ad += x[a + k]! * x[d + k]!
          bc += x[b + k]! * x[c + k]!
          bd += x[b + k]! * x[d + k]!
        }
        result[i * n + j]! += ac
        if (d !== c) result[i * n + j + 1]! += ad
        if (b !== a) result[(i + 1) * n + j]! += bc
        if (b !== a && d !== c) result[(i + 1) * n + j + 1]! += bd
      }
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) result[j * n + i] = result[i * n + j]!
  return result
}

/** Xᵀ X of rows of `width`: inner products of columns, `[width, width]`. */
export function columnProducts(x: Float64Array, width: number): Float64Array {
  const result = new Float64Array(width * width)
  for (let at = 0; at < x.length; at += width) {
    for (let i = 0; i < width; i++) {
      const factor = x[at + i]!
      const to = i * width
      for (let j = 0; j <= i; j++) result[to + j]! += factor * x[at + j]!
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) result[j * width + i] = result[i * width + j]!
  return result
}

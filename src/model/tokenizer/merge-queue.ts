// A heap of merges to be done: the lowest rank first, and of equal ranks the leftmost.

/** Above any position in a text. */
const stride = 2 ** 30

export class MergeQueue {
  /** Of the merge that was popped last. */
  rank = 0
  position = 0
  readonly #keys: number[] = []

  push(rank: number, position: number): void {
    const keys = this.#keys
    const key = rank * stride + position
    let i = keys.length
    keys.push(key)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (keys[parent]! <= key) break
      keys[i] = keys[parent]!
      i = parent
    }
    keys[i] = key
  }

  /** Takes the first; false where there is none. */
  pop(): boolean {
    const keys = this.#keys
    const first = keys[0]
    if (first === undefined) return false
    this.rank = Math.floor(first / stride)
    this.position = first % stride
    const last = keys.pop()!
    const size = keys.length
    if (size === 0) return true
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= size) break
      if (child + 1 < size && keys[child + 1]! < keys[child]!) child++
      if (keys[child]! >= last) break
      keys[i] = keys[child]!
      i = child
    }
    keys[i] = last
    return true
  }
}

// What is reported of the restarts of contrast-consistent search.

export interface CcsRestart {
  readonly loss: number
  /** Share of the contrast pairs that it puts on the same side as the best one does, up to its sign. */
  readonly agreement: number
}

/** "best of 10 restarts: loss 0.0929 (others to 0.1210), which agree with it on 0.870 … 0.985" */
export function describeRestarts(restarts: readonly CcsRestart[]): string {
  const losses = restarts.map(({ loss }) => loss)
  const least = Math.min(...losses)
  if (restarts.length === 1) return `1 start: loss ${least.toFixed(4)}`
  const best = losses.indexOf(least)
  const others = restarts.flatMap(({ agreement }, k) => (k === best ? [] : [agreement]))
  const [low, high] = [Math.min(...others), Math.max(...others)]
  return (
    `best of ${restarts.length} restarts: loss ${least.toFixed(4)} (others to ${Math.max(...losses).toFixed(4)}), ` +
    `which agree with it on ${low.toFixed(3)} … ${high.toFixed(3)}`
  )
}

// A few pieces of work side by side.

/**
 * Runs all, `jobs` at a time, in their order. After the first failure no further piece is begun.
 *
 * @throws what the first piece to fail throws
 */
export async function inParallel(jobs: number, pieces: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0
  let failed = false
  const worker = async (): Promise<void> => {
    while (!failed && next < pieces.length) {
      const piece = pieces[next++]!
      try {
        await piece()
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(jobs, pieces.length) }, worker))
}
